"""First-party files are parsed once; what is known of them is what parsing them gives."""

from pathlib import Path

import pytest

from memory import Memory
from pruner.inventory.facts import Facts
from pruner.static.sites import scan
from pruner.static.tree import survey
from support import Write

TOOLS = '__all__ = ["x"]\nimport six\nx = "redis://"\nif __name__ == "__main__": ...\n'
FILES = {
    "app/__init__.py": "from .tools import *\n",
    "app/tools.py": TOOLS,
    "other/tools.py": TOOLS,
    "app/blind.py": "import importlib, sys\nimportlib.import_module('a.' + sys.argv[1])\n",
    "app/asks.py": "import torch\nif torch.cuda.is_available():\n    import apex\n",
    "app/newer.py": "import idna\ndef f[T: int = bool, **P](): ...\n@@\n",
    "app/broken.py": "\0",
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the files that are parsed from now on."""
    paths: list[str] = []

    def counting(text: bytes, path: str, *args: object, **more: object) -> object:
        paths.append(path)
        return scan(text, path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("pruner.static.scans.scan", counting)
    return paths


def test_what_is_kept_is_what_is_read(write: Write, parsed: list[str], tmp_path: Path) -> None:
    root = write(FILES)
    plain = survey(root, ["."])
    for expected in (sorted(FILES), []):
        parsed.clear()
        with Facts.open(tmp_path / "facts") as facts:
            assert survey(root, ["."], cache=facts) == plain
        assert sorted(parsed) == expected
    assert plain.blind
    assert [each.path for each in plain.tree.unreadable] == ["app/broken.py", "app/newer.py"]


def test_only_what_changed_is_parsed_again(write: Write, parsed: list[str]) -> None:
    root, cache = write(FILES), Memory()
    survey(root, ["."], cache=cache)
    (root / "app/asks.py").write_text("import msgpack\n", encoding="utf-8")
    parsed.clear()
    tree = survey(root, ["."], cache=cache).tree
    assert parsed == ["app/asks.py"]
    assert [site.module for site in tree.files["app/asks.py"].sites] == ["msgpack"]


def test_another_interpreter_takes_other_branches(write: Write) -> None:
    text = "import sys\nif sys.version_info < (3, 11):\n    import tomli\n"
    root, cache = write({"app/a.py": text}), Memory()
    found = {
        python: [
            site.guard
            for site in survey(root, ["."], python, cache=cache).tree.files["app/a.py"].sites
            if site.module == "tomli"
        ]
        for python in ((3, 10), (3, 11), (3, 10))
    }
    assert found[3, 10] != found[3, 11]


def test_what_was_kept_and_is_damaged_is_read_again(write: Write) -> None:
    root, cache = write(FILES), Memory()
    first = survey(root, ["."], cache=cache)
    cache.rows = dict.fromkeys(cache.rows, b"\xff")
    assert survey(root, ["."], cache=cache) == first
