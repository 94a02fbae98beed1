import sys
from pathlib import Path

import pytest

from pruner.errors import UsageError
from pruner.static.tree import module_paths, read_tree, survey
from support import Write

MODULES = [
    (
        "package",
        {"a/__init__.py": "", "a/b.py": ""},
        ["a"],
        {"a": "a/__init__.py", "a.b": "a/b.py"},
    ),
    (
        "namespace",
        {"a/b.py": "from a import c", "a/c.py": ""},
        ["a"],
        {"a.b": "a/b.py", "a.c": "a/c.py"},
    ),
    ("no evidence", {"a/b.py": ""}, ["a"], {"a.b": "a/b.py"}),
    (
        "src",
        {"src/a/__init__.py": ""},
        ["src"],
        {"a": "src/a/__init__.py", "src.a": "src/a/__init__.py"},
    ),
    (
        "like src",
        {"app/main.py": "import help", "app/help.py": ""},
        ["app"],
        {"main": "app/main.py", "help": "app/help.py"}
        | {"app.main": "app/main.py", "app.help": "app/help.py"},
    ),
    ("a file", {"run.py": "", "other.py": ""}, ["run.py"], {"run": "run.py"}),
    (
        "a package inside a package",
        {"a/__init__.py": "", "a/b/__init__.py": "", "a/c.py": ""},
        ["a/b"],
        {"a": "a/__init__.py", "a.b": "a/b/__init__.py"},
    ),
    ("all", {"a/__init__.py": "", "run.py": ""}, ["."], {"a": "a/__init__.py", "run": "run.py"}),
    ("a stray init", {"__init__.py": "", "a/__init__.py": ""}, ["a"], {"a": "a/__init__.py"}),
    ("package first", {"a.py": "", "a/__init__.py": ""}, ["."], {"a": "a/__init__.py"}),
    (
        "skipped",
        dict.fromkeys(
            [
                *("a.py", ".git/b.py", "__pycache__/c.py", "node_modules/d.py", "env/pyvenv.cfg"),
                *("env/lib/e.py", "a.txt", ".hidden.d/f.py"),
            ],
            "",
        ),
        ["."],
        {"a": "a.py"},
    ),
]


@pytest.mark.parametrize(
    ("files", "sources", "modules"), [row[1:] for row in MODULES], ids=[row[0] for row in MODULES]
)
def test_modules(
    write: Write, files: dict[str, str], sources: list[str], modules: dict[str, str]
) -> None:
    assert module_paths(read_tree(write(files), sources)) == modules


PACKAGE = {"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": "", "d.py": "", "e.py": ""}
ABC = ("a/__init__.py", "a/b/__init__.py", "a/b/c.py")

EDGES = [
    ("import d", ("d.py",)),
    ("import a.b.c", ABC),
    ("from a.b import c", ABC),
    ("from a.b import nothing", ABC[:2]),
    ("from a import b", ABC[:2]),
    ("from a.b.c import *", ABC),
    ("import importlib\nimportlib.import_module('a.b.c')", ABC),
    ("import importlib\nimportlib.import_module(f'a.{x}')", ABC[1:]),
    ("import importlib\nimportlib.import_module(x)", ()),
    ("__import__('a', fromlist=['b'])", ABC[:2]),
    ("def f():\n    import d", ("d.py",)),
    ("try:\n    import d\nexcept ImportError:\n    import e", ("d.py", "e.py")),
    ("if __name__ == '__main__':\n    import d", ("d.py",)),
    ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import d", ()),
    ("import nowhere, sys, os.path", ()),
    ("start('a.b.c:make')", ABC),
    ("start('a.b.c.make')", ABC),
    ("start('d:make', 'e', 'a.b.', 'a.b.x.y')", ("d.py",)),
    ("'a.b.c'\nlogging.getLogger('a.b.c')", ()),
    ("import pkgutil, a.b as p\npkgutil.iter_modules(p.__path__)", ABC),
    ("from a import b\nfrom pkgutil import walk_packages as w\nw(path=b.__path__)", ABC),
    ("import pkgutil\npkgutil.iter_modules(paths)", ()),
    ("import run", ()),
]


@pytest.mark.parametrize(("text", "targets"), EDGES)
def test_edges(write: Write, text: str, targets: tuple[str, ...]) -> None:
    tree = read_tree(write({**PACKAGE, "run.py": text}), ["."])
    assert tree.edges.get("run.py", ()) == targets


def test_relative_edges(write: Write) -> None:
    files = {
        **PACKAGE,
        "a/b/c.py": "from .. import x\nfrom . import y",
        "a/x.py": "",
        "a/b/y.py": "",
    }
    expected = ("a/__init__.py", "a/b/__init__.py", "a/b/y.py", "a/x.py")
    assert read_tree(write(files), ["a"]).edges["a/b/c.py"] == expected


def test_a_star_loads_what_all_names(write: Write) -> None:
    files = {
        "a/__init__.py": "__all__ = ['b']",
        "a/b.py": "",
        "a/c.py": "",
        "run.py": "from a import *",
    }
    assert read_tree(write(files), ["."]).edges["run.py"] == ("a/__init__.py", "a/b.py")


def test_a_script_finds_what_lies_beside_it(write: Write) -> None:
    main = "import help\nif __name__ == '__main__':\n    pass"
    files = {"a/__init__.py": "", "a/run.py": main, "a/help.py": "import more", "a/more.py": ""}
    tree = read_tree(write(files), ["a"])
    assert tree.reached_from(["a/run.py"]) == {"a/run.py", "a/help.py", "a/more.py"}


def test_what_lies_beside_a_module_is_not_found(write: Write) -> None:
    files = {"a/__init__.py": "", "a/run.py": "import help", "a/help.py": ""}
    assert read_tree(write(files), ["a"]).edges == {}


def test_an_unreadable_file_stays_and_says_why(write: Write) -> None:
    root = write({"a/__init__.py": "from a import bad", "a/bad.py": "import x\nx = ="})
    (root / "a/gone.py").symlink_to("nowhere.py")
    (root / "a/latin.py").write_bytes(b"s = '\xe9'")
    tree = read_tree(root, ["a"])
    assert tree.edges == {"a/__init__.py": ("a/bad.py",)}
    assert [site.module for site in tree.files["a/bad.py"].sites] == ["x"]
    found = [(each.path, each.line) for each in tree.unreadable]
    assert found == [("a/bad.py", 2), ("a/gone.py", 1), ("a/latin.py", 1)]
    assert "No such file" in tree.unreadable[1].why


def test_encodings(write: Write) -> None:
    root = write({"a/__init__.py": ""})
    (root / "a/mark.py").write_bytes(b"\xef\xbb\xbfimport x")
    (root / "a/cookie.py").write_bytes(b"# coding: latin-1\nimport x # \xe9")
    tree = read_tree(root, ["a"])
    assert not tree.unreadable
    assert [len(tree.files[f"a/{name}.py"].sites) for name in ("mark", "cookie")] == [1, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_links_end(write: Write) -> None:
    root = write({"a/__init__.py": "", "a/b/__init__.py": "", "other/c.py": ""})
    (root / "a/loop").symlink_to("..")
    (root / "a/b/up").symlink_to("../b")
    (root / "a/other").symlink_to(root / "other")
    paths = [*read_tree(root, ["a"]).files]
    assert paths[:2] == ["a/__init__.py", "a/b/__init__.py"]
    assert "a/other/c.py" in paths or "a/loop/other/c.py" in paths


def test_a_source_that_is_missing(write: Write) -> None:
    with pytest.raises(UsageError, match="'b' does not exist") as caught:
        read_tree(write({"a.py": ""}), ["a.py", "b"])
    assert caught.value.hint


def test_a_source_outside_the_project(write: Write) -> None:
    root = write({"project/run.py": "import shared.x", "shared/__init__.py": "", "shared/x.py": ""})
    tree = read_tree(root / "project", ["run.py", "../shared"])
    assert tree.edges["run.py"] == ("../shared/__init__.py", "../shared/x.py")
    assert tree.files["../shared/x.py"].module == "shared.x"


def test_the_order_is_the_same_every_time(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({**PACKAGE, "run.py": "import e, d, a.b.c"})
    first = read_tree(root, ["."])
    monkeypatch.chdir(root)
    again = read_tree(Path(), ["e.py", ".", "a"])
    assert [*first.files] == [*again.files] == sorted(first.files)
    assert first == again


def test_blind_spots_are_listed(write: Write) -> None:
    files = {"a.py": "import importlib\n\nimportlib.import_module(name)", "b.py": "from . import c"}
    found = survey(write(files), ["."]).blind
    assert [(spot.file, spot.line) for spot in found] == [("a.py", 3), ("b.py", 1)]


def test_nothing_is_executed(write: Write) -> None:
    text = "open(__file__ + '.ran', 'w')\nimport a.b.c, d, e\n__import__('a.b')\n"
    root = write(dict.fromkeys([*PACKAGE, "sitecustomize.py", "a/__main__.py"], text))
    before = sorted(root.rglob("*")), set(sys.modules)
    tree = read_tree(root, ["."])
    assert len(tree.files) == 7
    assert not [*root.rglob("*.ran")]
    assert not [*root.rglob("__pycache__")]
    assert (sorted(root.rglob("*")), set(sys.modules)) == before


def test_no_temporary_files_are_left(
    write: Write, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    read_tree(write(PACKAGE), ["."])
    assert [*scratch.iterdir()] == []
