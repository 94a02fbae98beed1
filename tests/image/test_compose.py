"""What compose files say of services that build on others, in the same file or elsewhere."""

from pathlib import Path

import pytest

from pruner.image.compose import Build, Compose, read_compose
from trees import tree


def read(root: Path, files: dict[str, str], override: str | None = None) -> Compose:
    return read_compose(tree(root, files), "compose.yaml", override)


BASE = """\
services:
  base:
    build: {context: ., args: {KIND: small, MODE: "1"}, target: dev}
    image: one
    entrypoint: [python]
    command: [-m, base]
    environment: [A=1, B=1]
    env_file: a.env
    ports: ["80:8000"]
    healthcheck: {test: curl http://localhost:8000/up}
    working_dir: /base
    depends_on: [queue]
"""


def test_a_service_goes_over_what_it_extends(tmp_path: Path) -> None:
    web = """\
  web:
    extends: {service: base}
    build: {args: {KIND: large}, target: serve, dockerfile: web.Dockerfile}
    command: -m web
    environment: {B: 2}
    env_file: [b.env]
    expose: [9000]
    depends_on: {mail: {condition: service_started}}
  same:
    extends: base
  quiet:
    extends: web
    healthcheck: {test: [NONE]}
"""
    found = read(tmp_path, {"compose.yaml": BASE + web, "a.env": "A=0\nC=0\n", "b.env": "C=1\n"})
    assert found.warnings == ()
    base, web_, same, quiet = (found.services[name] for name in ("base", "web", "same", "quiet"))
    assert web_.build == Build(
        context=".",
        dockerfile="web.Dockerfile",
        args={"KIND": "large", "MODE": "1"},
        target="serve",
    )
    assert (web_.where, web_.image, web_.workdir) == ("compose.yaml:13", "one", "/base")
    assert (web_.entrypoint, web_.command) == (("python",), ("-m", "web"))
    assert web_.env == {"A": "1", "C": "1", "B": "2"}
    assert (web_.ports, web_.depends_on) == ((8000, 9000), ("queue", "mail"))
    assert web_.healthcheck == base.healthcheck
    assert (same.build, same.command, same.env) == (base.build, base.command, base.env)
    assert (quiet.healthcheck, quiet.command) == ((), web_.command)


def test_a_service_of_another_file(tmp_path: Path) -> None:
    files = {
        ".env": "TAG=3\n",
        "compose.yaml": "services:\n"
        "  web: {extends: {file: common/all.yml, service: web}, command: serve}\n"
        "  worker: {extends: {file: common/all.yml, service: web}, build: {context: worker}}\n",
        "common/.env": "TAG=4\n",
        "common/all.yml": "services:\n  web:\n    extends: {file: ../base.yml, service: base}\n"
        "    build: {context: ../src, dockerfile: web.Dockerfile}\n    env_file: web.env\n",
        "common/web.env": "LEVEL=${TAG}\n",
        "base.yml": "services:\n  base: {environment: {BASE: 'yes', TAG: '${TAG}'}}\n",
    }
    found = read(tmp_path, files)
    assert found.warnings == ()
    web, worker = found.services["web"], found.services["worker"]
    assert web.build == Build(context="src", dockerfile="src/web.Dockerfile")
    assert worker.build == Build(context="worker", dockerfile="worker/web.Dockerfile")
    assert web.env == {"LEVEL": "${TAG}", "BASE": "yes", "TAG": "3"}
    assert (web.where, web.command, worker.command) == ("compose.yaml:2", ("serve",), None)
    assert found.included == ()


def test_files_that_are_included(tmp_path: Path) -> None:
    files = {
        ".env": "TAG=3\n",
        "compose.yaml": "include:\n  - api/compose.yaml\n"
        "  - path: [data/base.yaml, data/over.yaml]\n    project_directory: .\n"
        "    env_file: data/vars\n"
        "services:\n  web: {build: ., depends_on: [api]}\n  db: {image: own}\n",
        "over.yaml": "services:\n  api: {environment: {B: '2'}}\n",
        "api/.env": "TAG=4\nNAME=api\n",
        "api/compose.yaml": "include: [more.yaml]\n"
        "services:\n  api: {build: ., image: '$NAME:$TAG', environment: {A: '1'}}\n",
        "api/more.yaml": "services:\n  cache: {image: '$NAME'}\n",
        "data/vars": "NAME=data\n",
        "data/base.yaml": "services:\n  job: {build: data, image: '$NAME'}\n  db: {image: x}\n",
        "data/over.yaml": "services:\n  job: {command: [go]}\n",
    }
    found = read(tmp_path, files, "over.yaml")
    services = found.services
    assert {*services} == {"web", "db", "api", "cache", "job"}
    assert services["api"].build == Build(context="api", dockerfile="api/Dockerfile")
    assert (services["api"].image, services["cache"].image) == ("api:3", "api")
    assert services["api"].env == {"A": "1", "B": "2"}
    assert services["api"].where == "api/compose.yaml:3"
    assert services["job"].build == Build(context="data", dockerfile="data/Dockerfile")
    assert (services["job"].image, services["job"].command) == ("data", ("go",))
    assert services["db"].image == "own"
    assert found.included == (
        "api/compose.yaml",
        "api/more.yaml",
        "data/base.yaml",
        "data/over.yaml",
    )
    assert found.warnings == (
        "compose.yaml:3: db of data/base.yaml is left out: it is here as well",
    )


def test_a_file_that_only_includes(tmp_path: Path) -> None:
    files = {"compose.yaml": "include: a.yml\n", "a.yml": "services: {web: {build: .}}\n"}
    assert {*read(tmp_path, files).services} == {"web"}


WEB = "services: {web: {build: .}}\n"


def extending(file: str, service: str = "a") -> str:
    return f"services: {{web: {{extends: {{file: {file}, service: {service}}}}}}}\n"


def including(entry: str) -> str:
    return f"{{include: [{entry}], services: {{web: {{}}}}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {web: {extends: web}}", "web is not extended: it leads here again"),
        (extending("other.yml", "back"), "web is not extended: it leads here again"),
        (extending("no.yml"), "no.yml: does not exist; not extended"),
        (extending("../a.yml"), "../a.yml lies outside the tree; left out"),
        (extending("/a.yml"), "/a.yml lies outside the tree; left out"),
        (extending("https://x/a.yml"), "https://x/a.yml is not here; left out"),
        (extending("other.yml", ""), "web extends , which is no service of other.yml"),
        ("services: {web: {extends: [a]}}", "web extends , which is no service of compose.yaml"),
        (including("compose.yaml"), "compose.yaml is not included: it leads here again"),
        (including("loop.yml"), "compose.yaml is not included: it leads here again"),
        (including("no.yml"), "no.yml: does not exist; not included"),
        (including("empty.yml"), "empty.yml: has no services; not included"),
        (including("oci://x/a.yml"), "oci://x/a.yml is not here; left out"),
        (including("{env_file: a}"), "include names no file"),
        (including("{path: a.yml, env_file: no.env}"), "no.env: does not exist"),
    ],
)
def test_what_cannot_be_followed_is_told(text: str, said: str, tmp_path: Path) -> None:
    files = {
        "compose.yaml": text,
        "a.yml": WEB.replace("web", "other"),
        "empty.yml": "services: {}\n",
        "loop.yml": "include: [compose.yaml]\nservices: {loop: {image: x}}\n",
        "other.yml": "services:\n  back: {extends: {file: compose.yaml, service: web}}\n",
    }
    found = read(tmp_path, files)
    (warning,) = found.warnings
    assert warning.partition(": ")[2] == said
    assert "web" in found.services


def test_what_leads_on_and_on_is_read_in_the_end(tmp_path: Path) -> None:
    links = [f"  s{n}: {{extends: s{n + 1}, environment: {{N{n}: x}}}}\n" for n in range(300)]
    chain = {f"i{n}.yml": f"include: [i{n + 1}.yml, i{n + 1}.yml]\n{WEB}" for n in range(60)}
    compose = "".join(["include: [i0.yml]\nservices:\n", *links, "  s300: {image: x}\n"])
    found = read(tmp_path, {"compose.yaml": compose, **chain})
    assert len(found.services) == 302
    assert len(found.services["s0"].env) == 21
    assert found.services["s299"].image == "x"
    assert any("is not extended" in each for each in found.warnings)
    assert any("is not included" in each for each in found.warnings)
