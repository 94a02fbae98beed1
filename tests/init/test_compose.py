"""`pruner init` and compose files: agents, servers, variables, and what is left out."""

import time
from pathlib import Path

import pytest

from pruner.config import HttpReady, LogReady, Service, TcpReady, load
from trees import drafted, init, tree

FILES = {
    "Dockerfile": 'FROM python:3.12-slim\nCOPY . /app\nENTRYPOINT ["python"]\n'
    'CMD ["-m", "shop.web"]\n',
    "shop/__init__.py": "",
    "requirements.txt": "redis\n",
}


def test_one_image_of_several_services(tmp_path: Path) -> None:
    compose = """\
services:
  web:
    build: .
    ports:
      - "${PORT:-80}:8000"
      - target: 9000
        published: "9000"
    environment:
      REDIS_URL: redis://cache:6379/0
      API_KEY: abcdef
      LEVEL:
    depends_on:
      cache:
        condition: service_healthy
    healthcheck:
      test: curl -f http://localhost:8000/health || exit 1
  worker:
    build: {context: ., dockerfile: Dockerfile}
    command: -m shop.worker --every "5 s"
    env_file: [common.env, {path: gone.env, required: false}]
    environment: [MODE=fast, "GREETING=${GREETING} ${NAME:-you}"]
    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              capabilities: [gpu]
  cache:
    image: docker.io/library/redis:7-alpine
    depends_on: [bus]
  bus:
    image: nats:2
    command: -js
  unused:
    image: postgres:16
"""
    files = {
        **FILES,
        "compose.yaml": compose,
        "common.env": "# of all\nexport LEVEL='3' # low\nSESSION_SECRET=sesame\n",
        ".env": "GREETING=hello\n",
    }
    root = tree(tmp_path / "shop", files)
    done = init(root)
    assert done.err == (
        "warning: compose.yaml:31: the command of bus is left out: its image's runs\n"
        "guess: image shop, agent web: shop.web\n"
        "guess: image shop, agent worker: python -m shop.worker --every 5 s\n"
        "guess: source shop\n"
    )
    redis, nats = "docker.io/library/redis:7-alpine", "nats:2"
    assert drafted(root) == (
        "[project]\n"
        'source = ["shop"] # guess: the folders with Python files that Dockerfiles copy\n'
        'locks = "locks"\n'
        '[images.shop]\ndockerfile = "Dockerfile"\n'
        'requirements = ["requirements.txt"] # guess: it stands nearest\n'
        'python = "3.12" # guess: python:3.12-slim brings it\n'
        "gpu = true # guess: compose.yaml:17\n"
        '[[images.shop.agents]]\nname = "web"\n'
        'module = "shop.web" # guess: compose.yaml:2, ENTRYPOINT of its Dockerfile\n'
        'ready = {http = "/health", port = 8000} # guess: the health check, compose.yaml:2\n'
        'network = "services" # guess: it talks to the servers below\n'
        "# not copied, since they may be secret: API_KEY\n"
        'env = {REDIS_URL = "redis://cache:6379/0", API_KEY = "", LEVEL = ""} '
        "# guess: compose.yaml:2\n"
        '[[images.shop.agents]]\nname = "worker"\n'
        'command = ["python", "-m", "shop.worker", "--every", "5 s"] # guess: compose.yaml:17\n'
        'ready = {log = "."} # guess: no port is known; ready when it says anything\n'
        "# not copied, since they may be secret: SESSION_SECRET\n"
        'env = {LEVEL = "3", SESSION_SECRET = "", MODE = "fast", GREETING = "hello you"} '
        "# guess: compose.yaml:17\n"
        f'[images.shop.services.cache]\nimage = "{redis}" # guess: compose.yaml:28\n'
        'local = ["redis-server", "--port", "6379", "--save", ""] '
        "# guess: the same on this machine\n"
        f"ready = 6379 # guess: where {redis} listens\n"
        f'[images.shop.services.bus]\nimage = "{nats}" # guess: compose.yaml:31\n'
        'local = ["nats-server", "-p", "4222"] # guess: the same on this machine\n'
        f"ready = 4222 # guess: where {nats} listens\n"
    )
    assert "abcdef" not in (root / "pruner.toml").read_text()
    load(None, root).image("shop")


def test_services_with_builds_of_their_own(tmp_path: Path) -> None:
    dockerfile = FILES["Dockerfile"].replace("FROM", "ARG KIND\nFROM")
    compose = """\
x-build: &build
  context: ../api
  args: &args {KIND: small}
services:
  small: {build: *build}
  large:
    build:
      <<: *build
      args: {<<: *args, KIND: large, TOKEN: t0ps3cret}
  same:
    image: api
    command: ["-c", "pass"]
  api: {build: ../api, image: api, expose: [7000]}
"""
    files = {"api/Dockerfile": dockerfile, "api/app.py": "", "deploy/docker-compose.yml": compose}
    root = tree(tmp_path, files)
    assert init(root).lines("guess: image") == [
        "guess: image small, agent small: shop.web",
        "guess: image large, agent large: shop.web",
        "guess: image same, agent same: python -c pass",
        "guess: image same, agent api: shop.web",
    ]
    images = load(None, root).images
    assert {image.context for image in images.values()} == {"api"}
    assert images["large"].build_args == {"KIND": "large", "TOKEN": ""}
    assert images["same"].agents[1].ready == TcpReady(tcp=7000)
    assert images["same"].agents[0].ready == LogReady(log=".")


def test_a_file_that_goes_over_another(tmp_path: Path) -> None:
    files = {
        **FILES,
        "docker-compose.yaml": "services:\n  web:\n    build: .\n"
        "    environment: {A: '1', B: '1'}\n"
        "  db:\n    image: postgres:16\n    environment: {POSTGRES_PASSWORD: hunter2}\n",
        "docker-compose.override.yml": "services:\n  web:\n    environment: {B: '2'}\n"
        "    command: !override ['-m', 'shop.dev']\n    links: [db]\n    depends_on: [db]\n"
        "    healthcheck: {test: [CMD, python, -c, 'urlopen(\"http://127.0.0.1:81/up\")']}\n",
    }
    root = tree(tmp_path, files)
    init(root)
    (image,) = load(None, root).images.values()
    agent = image.agents[0]
    assert (agent.module, agent.env) == ("shop.dev", {"A": "1", "B": "2"})
    assert agent.ready == HttpReady(http="/up", port=81)
    assert image.services == {
        "db": Service(image="postgres:16", env={"POSTGRES_PASSWORD": ""}, ready=5432)
    }
    assert 'for --runtime local: local = ["program", "option"]' in drafted(root)


def test_services_that_build_on_others(tmp_path: Path) -> None:
    """Each stage of the Dockerfile is an image, and a file that is included is read once."""
    dockerfile = """\
FROM python:3.12-slim AS serve
COPY . /app
CMD ["python", "-m", "shop.web"]
FROM serve AS jobs
CMD ["python", "-m", "shop.jobs"]
"""
    compose = """\
include: [../queue/compose.yaml]
services:
  web:
    extends: {file: common.yml, service: base}
    build: {target: serve}
  jobs:
    extends: web
    build: {target: jobs}
    ports: ["9000"]
"""
    common = """\
services:
  base:
    build: {context: .., args: {KIND: "${KIND}"}}
    environment: {QUEUE_URL: "redis://queue:6379/0"}
    healthcheck: {test: curl http://localhost:8000/up}
"""
    files = {
        **FILES,
        "Dockerfile": dockerfile,
        "deploy/compose.yaml": compose,
        "deploy/common.yml": common,
        "deploy/.env": "KIND=large\n",
        "queue/compose.yaml": "services: {queue: {image: redis:7}, tool: {build: ../tool}}\n",
        "tool/Dockerfile": "FROM python:3.12-slim\nCMD ['python', '-m', 'tool']\n",
    }
    root = tree(tmp_path / "shop", files)
    done = init(root)
    assert done.lines("warning:") == []
    images = load(None, root).images
    assert {*images} == {"web", "jobs", "tool"}
    web, jobs = images["web"], images["jobs"]
    assert 'target = "jobs" # guess: from the compose file\n' in drafted(root)
    assert (web.target, jobs.target, images["tool"].target) == ("serve", "jobs", None)
    assert (web.context, web.build_args) == (".", {"KIND": "large"})
    assert [agent.module for agent in (*web.agents, *jobs.agents)] == ["shop.web", "shop.jobs"]
    for image in (web, jobs):
        (agent,) = image.agents
        assert agent.ready == HttpReady(http="/up", port=8000)
        assert agent.env == {"QUEUE_URL": "redis://queue:6379/0"}
        assert {*image.services} == {"queue"}
    assert len(images["tool"].agents) == 1


@pytest.mark.parametrize(
    ("compose", "said"),
    [
        ("services:\n  web: [\n", ("compose.yml:3: not YAML: expected the node content, but found "
         "'<stream end>'; left out")),
        ("a: *b\n", "compose.yml:1: not YAML: found undefined alias 'b'; left out"),
        ("", "compose.yml: has no services (it is no compose file); left out"),
        ("services: [web]\n", "compose.yml: has no services (it is no compose file); left out"),
        ("services:\n  web: {build: ./gone}\n",
         "compose.yml:2: gone/Dockerfile of web is not here; left out"),
        ("services:\n  web: {build: https://github.com/a/b.git}\n",
         "compose.yml:2: its build context is not here: https://github.com/a/b.git"),
        ("services:\n  web: {build: ., env_file: ../up.env}\n",
         "compose.yml:2: ../up.env lies outside the tree; left out"),
        ("services:\n  web: {build: ., env_file: no.env}\n",
         "compose.yml:2: no.env: does not exist"),
        ("services:\n  web:\n    build: .\n    command: it's\n",
         "compose.yml:2: no command: it's (No closing quotation)"),
        ("services:\n  web:\n    build: .\n    image: ${NONE}\n",
         "compose.yml:4: NONE has no value; taken as empty"),
        ("services:\n  web: {build: {context: ., target: dev}}\n",
         "Dockerfile: has no stage dev (FROM … AS name gives a stage its name); left out"),
        ("services:\n  web: {build: ., depends_on: [db], extends: {service: x}}\n",
         "compose.yml:2: web extends x, which is no service of compose.yml"),
        ("[" * 5000, "compose.yml: not YAML: nested too deeply; left out"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(compose: str, said: str, tmp_path: Path) -> None:
    files = {**FILES, "compose.yml": compose, "other/Dockerfile": FILES["Dockerfile"]}
    done = init(tree(tmp_path, files))
    assert done.code == 0
    assert done.lines("warning:")[0] == f"warning: {said}"
    assert done.lines("guess: image")


def test_nonsense_becomes_a_draft_that_can_be_read(tmp_path: Path) -> None:
    compose = (
        'services:\n  "a\\u001b[31m\\n/../x":\n    build: .\n    command: {a: b}\n'
        "    ports: {a: b}\n"
        '    image: "\\u0007"\n    environment: {"a b=": "x", OK: "\\n[x]\\0"}\n    deploy: []\n'
        "    depends_on: [_db, x, 3]\n    healthcheck: nope\n  _db: {image: postgres}\n"
        "  other: {build: ., environment: [1, {x: y}, [z]], depends_on: 3}\n"
    )
    done = init(tree(tmp_path, {**FILES, "compose.yaml": compose}))
    assert done.code == 0
    assert "\x1b" not in done.err + (tmp_path / "pruner.toml").read_text()
    (image,) = load(None, tmp_path).images.values()
    assert [agent.name for agent in image.agents] == ["a_31m_x", "other"]
    assert (image.agents[0].env, image.services) == ({"OK": "\n[x]"}, {})


def test_aliases_that_multiply_cost_nothing(tmp_path: Path) -> None:
    laughs = ["a0: &a0 {x: '1'}"]
    laughs += [
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: [*a{n - 1}]}}" for n in range(1, 60)
    ]
    compose = "\n".join([*laughs, "services:", "  web:", "    build: .", "    environment: *a59"])
    began = time.monotonic()
    done = init(tree(tmp_path, {**FILES, "compose.yaml": compose}))
    assert done.code == 0
    assert time.monotonic() - began < 20
