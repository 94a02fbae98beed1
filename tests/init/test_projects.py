"""`pruner init` where a project stands in the place of requirement files."""

from pathlib import Path

import pytest

from pruner.config import load
from trees import drafted, init, tree

PROJECT = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.12"
dependencies = ["click"]

[project.optional-dependencies]
api = ["redis"]
pdf = ["rich"]

[project.scripts]
shop-serve = "shop.main:main"

[dependency-groups]
dev = ["pytest"]
jobs = ["pyyaml"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
COPIED = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n"
FILES = {"pyproject.toml": PROJECT, "src/shop/__init__.py": "", "tests/test_shop.py": ""}


def test_a_project_with_its_source_in_src(tmp_path: Path) -> None:
    dockerfile = f"{COPIED}RUN pip install --no-cache-dir '.[api]'\nCMD [\"shop-serve\"]\n"
    root = tree(tmp_path / "shop", {**FILES, "Dockerfile": dockerfile})
    done = init(root)
    assert (done.code, done.out) == (0, "pruner.toml\n")
    assert done.err == "guess: image shop, agent shop: shop-serve\nguess: source src\n"
    assert drafted(root) == (
        '[project]\nsource = ["src"] # guess: the folders with Python files that Dockerfiles copy\n'
        'locks = "locks"\n'
        '[images.shop]\ndockerfile = "Dockerfile"\n'
        'requirements = ["pyproject.toml"] # the Dockerfile installs it\n'
        'extras = ["api"] # the Dockerfile asks for them\n'
        'python = "3.12" # guess: python:3.12-slim brings it\n'
        '[[images.shop.agents]]\nname = "shop"\n'
        'command = ["shop-serve"] # guess: CMD of Dockerfile, a script of the project: '
        "shop.main:main\n"
        'ready = {log = "."} # guess: no port is known; ready when it says anything\n'
    )


@pytest.mark.parametrize(
    ("install", "extras", "groups"),
    [
        ("pip install .", (), ()),
        ("pip install -e '.[api,pdf]'", ("api", "pdf"), ()),
        ("python -m pip install --group jobs /app", (), ("jobs",)),
        ("uv pip install --system .[api]", ("api",), ()),
        ("uv sync --frozen", (), ("dev",)),
        ("uv sync --frozen --no-dev --extra api --group=jobs", ("api",), ("jobs",)),
        ("uv sync --locked --all-extras --all-groups --no-group dev", ("api", "pdf"), ("jobs",)),
        ("uv sync --frozen --no-install-project --no-default-groups", (), ()),
        ("cd / && uv sync --project /app --only-group jobs", (), ("jobs",)),
        ("poetry install --no-root --only main -E 'api pdf'", ("api", "pdf"), ()),
        ("poetry install --without dev --with jobs --extras api", ("api",), ("jobs",)),
        ("uv export --no-dev > r.txt && pip install -r r.txt", (), ()),
    ],
)
def test_what_installers_ask_for(
    install: str, extras: tuple[str, ...], groups: tuple[str, ...], tmp_path: Path
) -> None:
    tree(tmp_path, {**FILES, "Dockerfile": f"{COPIED}RUN {install}\nCMD shop-serve\n"})
    init(tmp_path)
    (image,) = load(None, tmp_path).images.values()
    assert image.requirements == ("pyproject.toml",)
    assert (image.extras, image.groups) == (extras, groups)


def test_a_project_that_is_bound_for_the_installation_alone(tmp_path: Path) -> None:
    mounts = "--mount=type=bind,source=pyproject.toml,target=pyproject.toml"
    dockerfile = f"FROM python:3-slim\nWORKDIR /app\nRUN {mounts} uv sync --no-install-project\n"
    dockerfile += 'COPY src src\nRUN uv sync --no-dev\nCMD ["uv", "run", "shop-serve"]\n'
    tree(tmp_path, {**FILES, "Dockerfile": dockerfile})
    assert init(tmp_path).code == 0
    (image,) = load(None, tmp_path).images.values()
    assert image.agents[0].argv == ("shop-serve",)
    assert (image.python, image.groups) == ("3.12", ("dev",))


def test_a_project_without_what_it_requires(tmp_path: Path) -> None:
    install = "RUN pip install -r requirements.txt && pip install --no-deps .\n"
    files = {**FILES, "requirements.txt": "click\n", "Dockerfile": f"{COPIED}{install}CMD x\n"}
    init(tree(tmp_path, files))
    (image,) = load(None, tmp_path).images.values()
    assert image.requirements == ("requirements.txt",)


def test_a_project_by_poetry(tmp_path: Path) -> None:
    project = (
        '[tool.poetry]\nname = "shop"\nversion = "1"\n\n[tool.poetry.dependencies]\n'
        'python = "^3.11"\nclick = "^8.1"\n\n[tool.poetry.group.jobs.dependencies]\nredis = "*"\n'
        "\n[tool.poetry.group.docs]\noptional = true\n"
        '[tool.poetry.group.docs.dependencies]\nrich = "*"\n'
    )
    dockerfile = "FROM python\nCOPY . /app\nRUN cd /app && poetry install\nCMD shop\n"
    tree(tmp_path, {"pyproject.toml": project, "shop.py": "", "Dockerfile": dockerfile})
    init(tmp_path)
    (image,) = load(None, tmp_path).images.values()
    assert (image.python, image.groups) == ("3.11", ("jobs",))


def test_settings_of_tools_are_no_project(tmp_path: Path) -> None:
    settings = {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}
    done = init(tree(tmp_path, settings))
    assert done.code == 2
    tree(tmp_path, {"Dockerfile": "FROM python:3.12\nCOPY . .\nCMD python -m x\n"})
    assert init(tmp_path).err == f"guess: image {tmp_path.name}, agent x: x\nguess: source .\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "pyproject.toml",
            "[project]\nname = 'shop'\ndependencies = ['click', 'no requirement']\n",
            ("pyproject.toml: project.dependencies[1]: is not a requirement: no requirement "
            "(Expected semicolon (after name with no version specifier) or end)"),
        ),
        ("pyproject.toml", "[project\n",
         ("pyproject.toml:1:9: not TOML: Expected ']' at the end of a table declaration "
          "(https://toml.io shows how it is written)")),
        ("pyproject.toml", "[project]\ndependencies = 3\n",
         "pyproject.toml: project.dependencies: is no list of requirements"),
        ("uv.lock", "[[package]]\nname = 3\n",
         "uv.lock:1: package has no name (make the lock anew)"),
        ("uv.lock", "package = 3\n",
         "uv.lock: package: is no array of tables (make the lock anew)"),
        ("poetry.lock", "[[package]]\nname = 'x'\nversion = 'one two'\n",
         "poetry.lock:1: no pin: x one two (make the lock anew)"),
        ("poetry.lock", "\x00",
         "poetry.lock:1:1: not TOML: Invalid statement (https://toml.io shows how it is written)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    dockerfile = f"{COPIED}RUN pip install .\nCMD python -m shop\n"
    root = tree(tmp_path / "shop", {**FILES, "Dockerfile": dockerfile, name: text})
    done = init(root)
    assert done.code == 0
    assert done.lines("warning:") == [f"warning: {said}"]
    locked = tree(root, {"pruner.toml": (root / "pruner.toml").read_text()})
    assert init(locked).code == 2  # it is there already
