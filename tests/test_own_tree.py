"""A tree that pruner has never seen: a project with a lock, several agents, and a compose file.

`pruner init` drafts, and `pruner lock --all` proves what the draft says.
"""

import subprocess
from pathlib import Path

import msgspec
import pytest
import tomlkit

from pruner.config import load
from pruner.document import Documents
from pruner.sandbox import uv
from support import Done, assert_nothing_left, run
from trees import tree

PROJECT = """\
[project]
name = "shop"
version = "1.2"
requires-python = ">=3.11"
dependencies = ["click>=8,{click}", "redis>=5", "requests", "rich"]

[project.optional-dependencies]
worker = ["pyyaml"]

[project.scripts]
shop-worker = "shop.worker:main"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
LINK = """\
import os

import redis


def link():
    return redis.Redis.from_url(os.environ["QUEUE_URL"])
"""
WEB = """\
import http.server
import importlib.metadata

import click

from shop.link import link

VERSION = importlib.metadata.version("shop")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if link().ping() else 500)
        self.end_headers()
        self.wfile.write(VERSION.encode())


@click.command()
@click.option("--port", type=int)
def main(port):
    http.server.HTTPServer(("", port), Handler).serve_forever()


main()
"""
WORKER = """\
import time

import yaml

from shop.link import link


def main():
    print(yaml.safe_dump({"answered": link().ping()}), flush=True)
    time.sleep(600)
"""
COMPOSE = """\
services:
  web:
    build: &here .
    command: python -m shop.web --port 8000
    ports: ["${PORT:-80}:8000"]
    environment: &env {QUEUE_URL: "redis://queue:6379/0", API_KEY: abcdef}
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8000/health"]}
    depends_on: [queue]
  worker:
    build: *here
    environment: *env
  queue:
    image: redis:7
"""
FILES = {
    "compose.yaml": COMPOSE,
    "src/shop/__init__.py": "",
    "src/shop/link.py": LINK,
    "src/shop/web.py": WEB,
    "src/shop/worker.py": WORKER,
    "tests/test_shop.py": "",
}
PARTS = {
    "compose.yaml": """\
include: [deploy/queue.yaml]
services:
  web:
    extends: {file: deploy/common.yaml, service: base}
    command: python -m shop.web --port 8000
    ports: ["${PORT:-80}:8000"]
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8000/health"]}
  worker:
    extends: {file: deploy/common.yaml, service: base}
    depends_on: [queue]
""",
    "deploy/common.yaml": """\
services:
  base:
    build: {context: .., target: shop}
    environment: {QUEUE_URL: "redis://queue:6379/0", API_KEY: abcdef}
""",
    "deploy/queue.yaml": "services: {queue: {image: redis:7}}\n",
}
"""The same as COMPOSE, of parts."""
DEV = 'FROM shop AS dev\nRUN pip install pytest\nCMD ["pytest"]\n'
INSTALLS = {
    "uv": "RUN pip install uv\nRUN uv sync --frozen --no-dev --extra worker\n",
    "pip": "RUN pip install '.[worker]'\n",
}
KEPT = {"click", "pyyaml", "redis", "shop"}
DROPPED = {"requests", "rich", "urllib3", "pygments"}


def _shop(root: Path, base: str, how: str) -> Path:
    """Write the tree, with a uv.lock that pins an older click than the project allows."""
    start = f"FROM {base}\nWORKDIR /app\nCOPY . .\n"
    files = {**FILES, "Dockerfile": f'{start}{INSTALLS[how]}CMD ["shop-worker"]\n'}
    tree(root, {**files, "pyproject.toml": PROJECT.format(click="<8.2")})
    uv.run(["lock", "--project", str(root)], what="the test's own lock")
    lock = (root / "uv.lock").read_text(encoding="utf-8")
    (root / "uv.lock").write_text(lock.replace('">=8,<8.2"', '">=8,<9"'), encoding="utf-8")
    return tree(root, {"pyproject.toml": PROJECT.format(click="<9")})


def _locked(root: Path, runtime: str) -> dict[str, str]:
    """Draft, lock, and return name -> version of what stays."""
    assert run("init", cwd=root).code == 0
    done = run("lock", "--all", "--runtime", runtime, "--json", cwd=root, timeout=500)
    assert_nothing_left(done.pid)
    assert done.code == 0, done.err
    (document,) = msgspec.json.decode(done.out, type=Documents).images
    assert document.proof is not None
    assert document.proof.passed
    assert {agent.name: agent.status for agent in document.agents} == {"web": "ok", "worker": "ok"}
    assert [item.code for item in document.findings] == []
    rows = {row.name: row for row in document.distributions}
    kept = {name: row.version for name, row in rows.items() if row.kept}
    assert {*kept} - {"async-timeout"} == KEPT
    assert {*rows} >= DROPPED
    assert (rows["shop"].own, rows["shop"].why) == (
        ".", "the image's own code, installed from the project",
    )  # fmt: skip
    assert rows["click"].why == "loaded: click, by src/shop/web.py:4"
    text = (root / "locks" / root.name / "requirements.txt").read_text(encoding="utf-8")
    assert "\nshop" not in text
    assert "requests" in text.partition("\n\n")[0]
    return kept


def test_from_nothing_to_a_lock(tmp_path: Path) -> None:
    root = _shop(tmp_path / "shop", "python:3.11-slim", "uv")
    kept = _locked(root, "local")
    assert kept["click"].startswith("8.1.")  # what uv.lock pins, not the newest
    assert not list(root.rglob("*.egg-info"))
    done = run("verify", "shop", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err


def test_a_compose_file_of_parts_and_a_stage_that_is_not_the_last(tmp_path: Path) -> None:
    root = _shop(tmp_path / "shop", "python:3.11-slim AS shop", "uv")
    with (root / "Dockerfile").open("a", encoding="utf-8") as file:
        file.write(DEV)
    tree(root, PARTS)
    _locked(root, "local")
    (image,) = load(None, root).images.values()
    assert image.target == "shop"
    assert [agent.command for agent in image.agents] == [
        ("python", "-m", "shop.web", "--port", "8000"),
        ("shop-worker",),
    ]
    assert run("image", "--all", cwd=root).code == 0
    assert "pytest" not in (root / "locks/shop/Dockerfile").read_text(encoding="utf-8")


@pytest.mark.engine
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", ["uv", "pip"])
def test_from_nothing_to_a_lock_in_a_container(how: str, tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "scripts" / "base-image"
    made = subprocess.run([script, "python:3.12-slim"], capture_output=True, check=False, text=True)
    if made.returncode:
        pytest.skip(made.stderr.splitlines()[0])
    root = _shop(tmp_path / "shop", "python:3.12-slim", how)
    kept = _locked(root, "docker")
    assert kept["click"].startswith("8.1.") == (how == "uv")  # the image's own environment counts
    done = run("verify", "shop", "--runtime", "docker", cwd=root)
    assert done.code == 0, done.err
    _built(root, how)


def _built(root: Path, how: str) -> None:
    """Audit, write the image, and build it where it has an environment of its own as well."""
    done = run("audit", cwd=root)
    assert done.code == 1, done.err
    assert "PRN209" in done.out  # COPY . .
    done = run("image", "--all", cwd=root)
    assert done.code == 0, done.err
    text = (root / "locks/shop/Dockerfile").read_text(encoding="utf-8")
    assert "COPY pyproject.toml /pruner/own/shop/\nCOPY src /pruner/own/shop/src\n" in text
    where = "--root=/pruner/root --ignore-installed" if how == "pip" else ""
    assert f"install {where}".rstrip() + " --no-deps /pruner/own/shop\n" in text
    if how == "uv":
        done = run("build", "shop", cwd=root, timeout=400)
        assert done.code == 0, done.err
        assert done.out.splitlines()[-1] == "proven"


# --- what stands beside a project --------------------------------------------------------------

AGENT = """\
[project]
source = ["."]

[images.app]
requirements = ["pyproject.toml"]
{more}

[[images.app.agents]]
name = "agent"
module = "shop"
ready = {{ exit = 0, timeout = 30 }}
"""
POETRY = """\
[tool.poetry]
name = "shop"
version = "1"
package-mode = false

[tool.poetry.dependencies]
python = "^3.11"
idna = "^3.4"

[tool.poetry.group.more.dependencies]
click = "*"
"""
POETRY_LOCK = """\
[[package]]
name = "idna"
version = "3.6"
optional = false
python-versions = ">=3.5"
files = []

[[package]]
name = "click"
version = "8.1.7"
optional = false
python-versions = ">=3.7"
files = []

[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "0"
"""
CODE = "import click\nimport idna\nprint(idna.__name__, click.__name__)\n"


def _app(root: Path, files: dict[str, str], more: str = "") -> Done:
    tree(root, {"pruner.toml": AGENT.format(more=more), "shop.py": CODE, **files})
    return run("lock", "--image", "app", "--runtime", "local", "--json", cwd=root)


def test_poetry_lock_says_the_versions(tmp_path: Path) -> None:
    files = {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}
    done = _app(tmp_path, files, 'groups = ["more"]')
    assert done.code == 0, done.err
    rows = {row.name: row for row in done.document.distributions if row.kept}
    assert {name: row.version for name, row in rows.items()} == {"click": "8.1.7", "idna": "3.6"}


def test_a_group_that_is_not_asked_for_is_not_installed(tmp_path: Path) -> None:
    done = _app(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK})
    assert done.code == 4
    assert "No module named 'click'" in done.err


@pytest.mark.parametrize(
    ("name", "text", "more", "error"),
    [
        ("pyproject.toml", POETRY, 'groups = ["mroe"]', "pyproject.toml: has no group 'mroe'"),
        ("pyproject.toml", POETRY, 'extras = ["x"]', "pyproject.toml: has no extra 'x'"),
        ("pyproject.toml", "[tool.x]\n", "", "pyproject.toml: describes no project"),
        ("poetry.lock", "[[package\n", "", "poetry.lock:1:10: not TOML: "),
        ("uv.lock", "version = 99\n", "", "images.app: uv.lock: Failed to parse `uv.lock`, which "),
    ],
)
def test_a_mistake_is_one_line(name: str, text: str, more: str, error: str, tmp_path: Path) -> None:
    project = tomlkit.dumps({"project": {"name": "shop", "version": "1", "dependencies": ["idna"]}})
    done = _app(tmp_path, {"pyproject.toml": project, name: text}, more)
    assert done.code == 2, done.err
    assert done.lines("error: ")[0].startswith(f"error: {error}")
    assert len(done.lines("error: ")) == 1
