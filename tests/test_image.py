"""`pruner image` through the installed command; with an engine, what it writes is built and run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pruner.sandbox.engine import builder
from support import (
    DOCKERFILE,
    assert_error,
    assert_told_of_damaged_facts,
    client,
    damaged_facts,
    environment,
    project,
    run,
    until,
)

HADOLINT = Path(sys.executable).with_name("hadolint")
SERVER = """\
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import idna

WORDS = Path(__file__).parent.parent / "data" / "words.txt"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(idna.encode("x.example") + WORDS.read_bytes())


HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""
READY = 'ready = { http = "/", port = 8000, timeout = 30 }'


def lint(root: Path) -> None:
    """Check that hadolint finds nothing in any Dockerfile below locks/."""
    for path in sorted((root / "locks").rglob("Dockerfile")):
        done = subprocess.run([HADOLINT, path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), path.read_text("utf-8")


def locked(root: Path, runtime: str = "local", *names: str) -> None:
    for name in names or ("app",):
        done = run("lock", "--image", name, "--once", "--runtime", runtime, cwd=root)
        assert done.code == 0, done.err


def written(root: Path, image: str = "app") -> str:
    return (root / "locks" / image / "Dockerfile").read_text("utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a local lock: a server, a file that it reads, and much else."""
    requirements = "idna==3.10\ntabulate==0.9.0\n"
    root = project(
        tmp_path_factory.mktemp("server"), code=SERVER, agent=READY, requirements=requirements
    )
    for name in ("data/words.txt", "notes/plan.md", ".env", "app/key.pem", "tests/test_x.py"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("hello")
    (root / ".dockerignore").write_text("**/*.pem\n")
    locked(root)
    return root


def test_what_is_written_and_said(server: Path) -> None:
    done = run("image", "app", cwd=server)
    assert done.code == 0, done.err
    assert done.out == "app\n  locks/app/Dockerfile\n  locks/app/Dockerfile.dockerignore\n"
    left = ".dockerignore, .env, Dockerfile, notes, requirements.txt, tests"
    note = f"note: PRN304 Dockerfile:5: no code names 6 of what is copied, left out: {left}"
    assert done.err.splitlines() == [note]
    text = written(server)
    assert "COPY app ./app\nCOPY data ./data\n" in text
    assert 'CMD ["python", "-m", "app"]\n' in text
    assert "127.0.0.1', 8000" in text
    assert "apt-get" not in text
    ignore = (server / "locks/app/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ignore[1:4] == ["*", "!app", "!data"]
    assert "**/*.pem" in ignore
    lint(server)


def test_damaged_facts_are_told_of(server: Path, tmp_path: Path) -> None:
    done = run("image", "app", cwd=server, env=damaged_facts(tmp_path))
    assert done.code == 0, done.err
    assert_told_of_damaged_facts(done)


def test_two_runs_write_the_same_bytes(server: Path) -> None:
    folder = server / "locks" / "app"
    before: dict[str, bytes] = {}
    for seed in ("1", "2"):
        done = run("image", "--all", cwd=server, env={"PYTHONHASHSEED": seed})
        assert done.code == 0, done.err
        found = {path.name: path.read_bytes() for path in folder.glob("Dockerfile*")}
        assert not before or found == before
        before = found


def test_the_document(server: Path) -> None:
    done = run("image", "app", "--json", cwd=server)
    document: dict[str, Any] = msgspec.json.decode(done.out)
    assert document["errors"] == []
    (row,) = document["images"]
    assert row["files"] == ["locks/app/Dockerfile", "locks/app/Dockerfile.dockerignore"]
    assert (row["image"], row["shared"], row["saved_bytes"]) == ("app", None, 0)
    assert [found["code"] for found in row["findings"]] == ["PRN304"]


def test_mistakes(server: Path, tmp_path: Path) -> None:
    assert_error(run("image", cwd=server), 2, "which image is to be written?", "--all")
    assert_error(run("image", "app", "--all", cwd=server), 2, "NAME and --all exclude each other")
    assert_error(run("image", "ap", cwd=server), 2, 'there is no image "ap"', "app")
    root = project(tmp_path)
    hint = "`pruner lock --image app` makes one"
    assert_error(run("image", "app", cwd=root), 2, "there is no lock yet", hint)
    (root / "locks/app").mkdir(parents=True)
    (root / "locks/app/verdicts.json").write_text('{"schema": 1')
    assert_error(run("image", "app", cwd=root), 2, "not a document of pruner's")


def test_of_all_images_one_without_a_lock_is_told_and_the_others_are_written(
    server: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    with (root / "pruner.toml").open("a") as file:
        file.write('[images.other]\nrequirements = ["requirements.txt"]\n')
        file.write('[[images.other.agents]]\nname = "a"\nmodule = "app"\nready = { exit = 0 }\n')
    written(root)
    (root / "locks/app/Dockerfile").unlink(missing_ok=True)
    done = run("image", "--all", cwd=root)
    assert done.code == 2
    assert "error: other: " in done.err
    assert done.lines("error:")[0].endswith("verdicts.json: there is no lock yet")
    assert written(root)


def test_an_unproven_lock_is_written_with_a_warning(server: Path, tmp_path: Path) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    path = root / "locks/app/verdicts.json"
    document = msgspec.json.decode(path.read_bytes())
    document["proof"]["passed"] = False
    path.write_bytes(msgspec.json.encode(document))
    done = run("image", "app", cwd=root)
    assert done.code == 1
    assert "warning: PRN307 Dockerfile: its lock is not proven" in done.err.splitlines()
    assert "# NOT PROVEN" in written(root)


def test_a_base_without_a_shell_is_named(server: Path, tmp_path: Path) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    (root / "Dockerfile").write_text("FROM gcr.io/distroless/python3\nCOPY . /app\n")
    done = run("image", "app", cwd=root)
    assert_error(done, 2, "Dockerfile:1: gcr.io/distroless/python3 has no shell")


@pytest.mark.parametrize("form", ["python -m app", '["python", "-m", "app"]'])
def test_several_agents_behind_a_script(server: Path, tmp_path: Path, form: str) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    (root / "start.sh").write_text('#!/bin/sh\npython tools/prepare.py\nexec "$@"\n')
    (root / "tools").mkdir()
    (root / "tools/prepare.py").write_text("print('ready')\n")
    with (root / "pruner.toml").open("a") as file:
        file.write('[[images.app.agents]]\nname = "b"\nmodule = "app.b"\nready = { tcp = 1 }\n')
    (root / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nRUN chmod +x start.sh\n"
        f'ENTRYPOINT ["./start.sh"]\nCMD {form}\nHEALTHCHECK CMD ["true"]\n'
    )
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    text = written(root)
    assert 'ENTRYPOINT ["./start.sh"]\nCMD ["python", "-m", "app"]\n' in text
    assert "COPY start.sh ./\nCOPY tools ./tools\n" in text
    assert 'HEALTHCHECK CMD ["true"]' in text  # nothing says which agent the script starts
    lint(root)


def test_the_system_s_python_is_what_installs(server: Path, tmp_path: Path) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    (root / "Dockerfile").write_text(
        "FROM debian:12\nRUN apt-get update && apt-get install -y python3 python3-pip gcc\n"
        "COPY app /app\nCMD python3 -m app\n"
    )
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    builder_, runtime = written(root).split(" AS runtime\n")
    assert "        python3 python3-pip \\\n" in builder_
    assert "        python3 python3-pip \\\n" in runtime
    assert "gcc" not in runtime
    lint(root)


def test_images_share_what_they_have_in_common(tmp_path: Path) -> None:
    root = project(tmp_path, code="import pip._vendor.idna\nimport numpy\n")
    (root / "requirements.txt").write_text("numpy==1.26.4\nidna==3.10\n")
    text = (root / "pruner.toml").read_text()
    second = text[text.index("[images.app]") :].replace("images.app", "images.second")
    (root / "pruner.toml").write_text(text + second)
    (root / "app/__main__.py").write_text("import numpy\nimport idna\n")
    locked(root, "local", "app", "second")
    done = run("image", "--all", "--json", cwd=root)
    assert done.code == 0, done.err
    rows = msgspec.json.decode(done.out)["images"]
    (shared,) = {row["shared"] for row in rows}
    assert re.fullmatch("locks/_base/cpu-[0-9a-f]{8}", shared)
    assert rows[0]["saved_bytes"] > 20_000_000
    plain = run("image", "app", cwd=root)
    assert plain.out.startswith(f"app, on {shared}: saves ")
    base = (root / shared / "Dockerfile").read_text("utf-8")
    stages = base[base.index("FROM") :].rstrip()
    assert all(stages in written(root, name) for name in ("app", "second"))
    assert "saves" in base
    lint(root)

    (root / "pruner.toml").write_text(text)  # one image alone shares nothing
    assert run("image", "--all", cwd=root).code == 0
    assert not (root / "locks/_base").exists()
    assert "SHARED_BASE" not in written(root)


# --- built and run ---------------------------------------------------------------------------


@pytest.fixture
def tag() -> Iterator[str]:
    """Return a name for an image, which is removed afterwards."""
    name = f"pruner-test-emitted-{os.getpid()}"
    yield name
    subprocess.run(["docker", "rmi", "-f", name], capture_output=True, check=False)


def built(root: Path, tag: str, *more: str, image: str = "app") -> None:
    argv = [builder(), "build", "-q", "-f", f"locks/{image}/Dockerfile", "-t", tag, *more, "."]
    done = subprocess.run(
        argv,
        cwd=root,
        env=environment({"DOCKER_BUILDKIT": "1"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr


def inside(tag: str, script: str) -> str:
    """Return what a shell in a container says, as the image's user, with nothing to write to."""
    walls = ["--read-only", "--network", "none", "--cap-drop", "ALL"]
    done = subprocess.run(
        ["docker", "run", "--rm", *walls, "--entrypoint", "sh", tag, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def healthy(tag: str) -> bool:
    """Start a container, and return whether its own health check passes after a while."""
    container = client().containers.run(tag, detach=True, read_only=True, network_mode="none")
    try:
        kind, *check = client().images.get(tag).attrs["Config"]["Healthcheck"]["Test"]
        assert kind == "CMD"
        asked = until(lambda: container.exec_run(check), lambda found: found.exit_code == 0)
        return bool(asked.exit_code == 0)
    finally:
        container.remove(force=True)


@pytest.fixture
def bare() -> Iterator[str]:
    """Return a base whose standard library has no bytecode, as published slim images are."""
    name = f"pruner-test-bare:{os.getpid()}"
    text = "FROM python:3.11-slim\nRUN find / -xdev -name '*.pyc' -delete\n"
    subprocess.run(
        [builder(), "build", "-q", "-t", name, "-"],
        input=text,
        env=environment({"DOCKER_BUILDKIT": "1"}),
        capture_output=True,
        text=True,
        check=True,
    )
    yield name
    subprocess.run(["docker", "rmi", "-f", name], capture_output=True, check=False)


@pytest.mark.engine
def test_the_image_runs_with_what_it_needs_and_no_more(
    server: Path, tmp_path: Path, tag: str, bare: str
) -> None:
    root = shutil.copytree(server, tmp_path / "p")
    # bsdmainutils has no file of its own: it is a name for two others.
    packages = "gcc libsndfile1 bsdmainutils"
    more = f"RUN apt-get update && apt-get install -y {packages}\nWORKDIR"
    dockerfile = DOCKERFILE.replace("python:3.11-slim", bare).replace("WORKDIR", more)
    (root / "Dockerfile").write_text(dockerfile)
    locked(root, "docker")
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    lint(root)
    assert "apt-get" not in written(root)
    built(root, tag)
    assert healthy(tag)
    assert inside(tag, "id -u; which gcc; ls /app; find /app -name '*.pem'") == (
        "10001\napp\ndata\n"
    )
    listed = inside(tag, "python -m pip list --format=freeze 2>/dev/null")
    assert "idna==3.10" in listed
    assert "tabulate" not in listed
    checked = (
        "import importlib.metadata as m, os, sys;"
        "d = m.distribution('idna');"
        "print(all(os.path.isfile(d.locate_file(f)) for f in d.files));"
        "import http.server, idna.core, app;"
        "print(all(os.path.isfile(m.__cached__) for m in (http.server, idna, idna.core, app)))"
    )
    assert inside(tag, f'python -c "{checked}"') == "True\nTrue\n"
    said = inside(tag, "python -v -c 'import app' 2>&1 | grep 'code object from .*/app/'")
    assert "__pycache__" in said
    missed = inside(tag, "PRUNER_GUARD=1 python -c 'import tabulate'")
    assert "pruner left out tabulate 0.9.0" in missed


def test_a_host_that_a_build_argument_trusts_is_trusted_again(tmp_path: Path) -> None:
    args = 'build_args = { PIP_TRUSTED_HOST = "index.example", PASSWORD = "hunter2" }\n'
    root = project(tmp_path, image=args)
    assert run("lock", "--image", "app", "--once", "--runtime", "local", cwd=root).code == 0
    assert run("image", "app", cwd=root).code == 0
    text = (root / "locks/app/Dockerfile").read_text("utf-8")
    assert "    PIP_TRUSTED_HOST=index.example\n" in text
    assert "hunter2" not in text


ADDS = """\
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy
import {other}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{{numpy.arange(4).sum()}} {{{other}.__name__}}".encode())


HTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
"""
ASKS = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/').read().decode())"


@pytest.fixture
def names() -> Iterator[tuple[str, str, str]]:
    """Return names for a base and two images on it, which are removed afterwards."""
    base, app, second = (f"pruner-test-{kind}-{os.getpid()}" for kind in ("base", "app", "second"))
    yield base, app, second
    argv = ["docker", "rmi", "-f", app, second, base]
    subprocess.run(argv, capture_output=True, check=False)


def answer(tag: str) -> str:
    """Start a container, and return what the agent in it answers."""
    container = client().containers.run(tag, detach=True, read_only=True, network_mode="none")
    try:
        argv = ["python", "-c", ASKS]
        asked = until(lambda: container.exec_run(argv), lambda found: found.exit_code == 0)
        assert isinstance(asked.output, bytes)
        return asked.output.decode().strip()
    finally:
        container.remove(force=True)


def layers(name: str) -> list[str]:
    """Return the layers of an image, the lowest first."""
    return list(client().images.get(name).attrs["RootFS"]["Layers"])


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_two_images_are_built_on_the_base_that_they_share(
    tmp_path: Path, names: tuple[str, str, str]
) -> None:
    exercise = 'exercise = [{ http = "GET /", contains = "6 OTHER" }]'
    root = project(
        tmp_path,
        code=ADDS.format(other="idna"),
        agent=f"{READY}\n{exercise}".replace("OTHER", "idna"),
        requirements="numpy==1.26.4\nidna==3.10\ntabulate==0.9.0\n",
    )
    (root / "app/second.py").write_text(ADDS.format(other="tabulate"))
    (root / "Dockerfile.second").write_text(DOCKERFILE.replace('"app"', '"app.second"'))
    text = (root / "pruner.toml").read_text()
    second = text[text.index("[images.app]") :].replace("images.app", "images.second")
    second = second.replace('"Dockerfile"', '"Dockerfile.second"').replace("idna", "tabulate")
    (root / "pruner.toml").write_text(text + second.replace('"app"', '"app.second"'))
    locked(root, "docker", "app", "second")
    done = run("image", "--all", "--json", cwd=root)
    assert done.code == 0, done.err
    (shared,) = {row["shared"] for row in msgspec.json.decode(done.out)["images"]}
    lint(root)

    base, *tags = names
    built(root, base, image=shared.removeprefix("locks/"))
    said = f"SHARED_BASE={base}"
    common = layers(base)
    ground = layers("python:3.11-slim")
    assert common[: len(ground)] == ground
    assert len(common) > len(ground)
    for image, tag, other in zip(("app", "second"), tags, ("idna", "tabulate"), strict=True):
        built(root, tag, "--build-arg", said, image=image)
        assert layers(tag)[: len(common)] == common
        assert answer(tag) == f"6 {other}"
        listed = inside(tag, "python -m pip list --format=freeze 2>/dev/null").split()
        own = {row.partition("==")[0] for row in listed} - {"pip", "setuptools", "wheel"}
        assert own == {"numpy", other}


STAGES = """\
FROM python:3.11-slim AS serve
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
ENV GREETING=hello
CMD ["python", "-m", "app"]
FROM serve AS dev
ENV GREETING=dev
RUN exit 7
CMD ["python", "-m", "app.dev"]
"""
"""Of these only the first can be built."""
GREETS = "import os, idna\nassert os.environ['GREETING'] == 'hello'\nprint(idna.__name__)\n"
SERVE = 'target = "serve"\n'


def test_an_image_is_the_stage_that_is_named(tmp_path: Path) -> None:
    root = project(tmp_path, code=GREETS, dockerfile=STAGES, image=SERVE)
    locked(root)
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    text = written(root)
    assert "ENV GREETING=hello\n" in text
    assert text.endswith('CMD ["python", "-m", "app"]\n')
    assert "dev" not in text
    lint(root)


@pytest.mark.engine
def test_the_stage_that_is_named_is_built(tmp_path: Path, tag: str) -> None:
    root = project(tmp_path, code=GREETS, dockerfile=STAGES, image=SERVE)
    locked(root, "docker")
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    built(root, tag)
    assert inside(tag, "python -m app") == "idna\n"
    done = run("build", "app", cwd=root, timeout=400)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1] == "proven"
    project(root, code=GREETS, dockerfile=STAGES)
    done = run("trace", "app", "--runtime", "docker", cwd=root)
    assert_error(done, 3, "the build failed")


@pytest.mark.engine
def test_a_python_that_has_only_its_versioned_name(tmp_path: Path) -> None:
    dockerfile = """\
FROM python:3.11-slim
WORKDIR /srv
COPY . .
RUN python3.11 -m pip install -r requirements.txt
RUN rm -f /usr/local/bin/python /usr/local/bin/python3
CMD ["python3.11", "-m", "app"]
"""
    root = project(tmp_path, dockerfile=dockerfile, image='python = "3.11"\n')
    done = run("lock", "--image", "app", "--once", "--runtime", "docker", "--json", cwd=root)
    assert done.code == 0, done.err
    (idna,) = [row for row in done.document.distributions if row.name == "idna"]
    assert idna.level == "observed"
    gone = "rm -f /usr/bin/python3* /usr/local/bin/python3.11"
    project(root, dockerfile=dockerfile.replace("rm -f", gone))
    done = run("trace", "app", "--runtime", "docker", cwd=root)
    assert done.code == 3, done.err
    assert "no python runs in the image" in done.err
    assert "Traceback" not in done.err


@pytest.mark.engine
def test_stages_constraints_and_an_environment_of_its_own(tmp_path: Path, tag: str) -> None:
    dockerfile = """\
FROM python:3.11-slim AS builder
RUN mkdir /dist && echo made > /dist/page.html
FROM python:3.11-slim AS env
WORKDIR /srv
COPY requirements.txt .
RUN python3 -m venv /srv/.venv && /srv/.venv/bin/pip install -r requirements.txt
COPY . .
FROM python:3.11-slim
ENV PATH=/srv/.venv/bin:$PATH
COPY --from=env /srv /srv
COPY --from=builder /dist /srv/dist
WORKDIR /srv
RUN useradd someone
USER someone
CMD python -m app
"""
    code = "import docopt, sys\nprint(sys.prefix, open('dist/page.html').read(), flush=True)\n"
    root = project(tmp_path, code=code, requirements="docopt==0.6.2\n", dockerfile=dockerfile)
    done = run("lock", "--image", "app", "--once", "--runtime", "docker", cwd=root)
    assert done.code in {0, 1}, done.err
    done = run("image", "app", cwd=root)
    assert done.code == 0, done.err
    text = written(root)
    assert "FROM python:3.11-slim AS original-builder\n" in text
    assert "--build-constraint" in text
    assert text.endswith('USER someone\nCMD ["python", "-m", "app"]\n')
    lint(root)
    built(root, tag)
    assert inside(tag, "python -m app; id -un; which gcc make").split() == [
        "/srv/.venv",
        "made",
        "someone",
    ]


@pytest.mark.engine
def test_a_cuda_base_that_nothing_uses_gives_way(tmp_path: Path, tag: str) -> None:
    base = "nvidia/cuda:12.2.2-runtime-ubuntu22.04"  # that nobody has a stand-in of
    slim = "python:3.11-slim-bookworm"
    added = [name for name in (base, slim) if not client().images.list(name)]
    for name in added:
        client().images.get("python:3.11-slim").tag(name)
    try:
        dockerfile = DOCKERFILE.replace("python:3.11-slim", base)
        root = project(tmp_path, code=SERVER, agent=READY, dockerfile=dockerfile)
        (root / "data").mkdir()
        (root / "data/words.txt").write_text("hello")
        locked(root, "docker")
        done = run("image", "app", cwd=root)
        assert done.code == 0, done.err
        assert f"nothing uses the CUDA of {base}: {slim} takes its place" in done.err
        text = written(root)
        assert f"ARG BASE_IMAGE={slim}\n" in text
        assert "NVIDIA_VISIBLE_DEVICES=all" in text
        lint(root)
        built(root, tag)
        assert healthy(tag)
    finally:
        for name in added:
            client().images.remove(name, noprune=True)
