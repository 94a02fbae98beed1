"""Whatever a real interpreter loads of a layout, the graph must lead to, and to nothing else."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pruner.static.tree import read_tree

Loaded = Callable[[Path, str, Sequence[str]], list[str]]


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


LAYOUTS = [
    ("import a.b.c", {"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": ""}, ["."]),
    ("import a.b.c", {"a/__init__.py": "", "a/b/c.py": ""}, ["."]),
    ("import a.b.c", {"a/b/c.py": "", "a/x.py": ""}, ["."]),
    ("import a.b", {"a.py": "", "a/b.py": ""}, ["."]),
    ("import a.b", {"a.py": "", "a/__init__.py": "", "a/b.py": ""}, ["."]),
    ("from a import b", {"a/__init__.py": "b = 1", "a/c.py": ""}, ["."]),
    ("from a import b", {"a/__init__.py": "", "a/b.py": "from . import c", "a/c.py": ""}, ["."]),
    ("import time", {"time.py": ""}, ["."]),
    ("import a.b", {"a/c.py": "", "src/a/b.py": ""}, [".", "src"]),
    ("import a.b", {"a/b.py": "", "src/a/__init__.py": ""}, [".", "src"]),
    ("import a.b", {"a/__init__.py": "", "src/a/b.py": ""}, [".", "src"]),
    ("import a.b", {"a.py": "", "src/a/__init__.py": "", "src/a/b.py": ""}, [".", "src"]),
    ("import a", {"src/a/__init__.py": "from .b import c", "src/a/b.py": "c = 1"}, ["src"]),
    ("from a import *", {"a/__init__.py": "__all__ = ['b']", "a/b.py": "", "a/c.py": ""}, ["."]),
]


def compare(root: Path, statement: str, sources: Sequence[str], loaded: Loaded) -> None:
    (root / "asks.py").write_text(statement, encoding="utf-8")
    tree = read_tree(root, ["asks.py", *sources])
    expected = loaded(root, statement, ["" if each == "." else each for each in sources])
    assert sorted(tree.reached_from(["asks.py"]) - {"asks.py"}) == expected


@pytest.mark.parametrize(("statement", "files", "sources"), LAYOUTS)
def test_layout(
    statement: str, files: dict[str, str], sources: list[str], tmp_path: Path, loaded: Loaded
) -> None:
    lay(tmp_path, files)
    compare(tmp_path, statement, sources, loaded)


PARTS = st.sampled_from(["a", "b"])
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
FILES = st.sets(st.builds("{}{}".format, PATHS, st.sampled_from([".py", "/__init__.py"])))
NAMES = st.lists(PARTS, min_size=1, max_size=3).map(".".join)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(files=FILES, first=FILES, name=NAMES)
def test_any_layout(files: set[str], first: set[str], name: str, loaded: Loaded) -> None:
    """Two roots; an import that fails half way has loaded what came before."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        lay(root, dict.fromkeys([*(f"src/{file}" for file in files), *first, "src/z.py"], ""))
        compare(root, f"import {name}", [".", "src"], loaded)
