"""What a pyproject.toml asks for, and what the lock beside it pins."""

from pathlib import Path

import pytest

from pruner.errors import UsageError
from pruner.requirements import read_requirements
from pruner.requirements.poetry import Odd, asked, specifier


def _texts(root: Path, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> list[str]:
    found = read_requirements([root / "pyproject.toml"], root, extras, groups)
    return [item.text for item in found.requirements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^1.2.3", "<2,>=1.2.3"),
        ("^0.2.3", "<0.3,>=0.2.3"),
        ("^0.0.3", "<0.0.4,>=0.0.3"),
        ("^0", "<1,>=0"),
        ("~1.2.3", "<1.3,>=1.2.3"),
        ("~1", "<2,>=1"),
        ("~=1.2", "~=1.2"),
        ("1.2.3", "==1.2.3"),
        ("1.2.*", "==1.2.*"),
        (">=1.0,<2", "<2,>=1.0"),
        (">= 1.0 < 2 !=1.5", "!=1.5,<2,>=1.0"),
        ("*", ""),
        ("^1 || ^2", ""),
        ("^2.0b1", "<3,>=2.0b1"),
    ],
)
def test_constraints_of_poetry(text: str, expected: str) -> None:
    assert specifier(text) == expected


@pytest.mark.parametrize("text", ["one two", "^", "^x", "==1.2.3.", ">=1;"])
def test_what_is_no_constraint(text: str) -> None:
    with pytest.raises(Odd):
        specifier(text)


def test_an_entry_of_poetry() -> None:
    entry = {"version": "^1", "extras": ["a"], "python": ">=3.9", "markers": "os_name == 'posix'"}
    assert list(asked("x", [entry, {"git": "https://host/x.git"}])) == [
        "x[a]<2,>=1 ; (os_name == \"posix\") and python_version >= '3.9'",
        "x @ git+https://host/x.git",
    ]


def test_extras_and_groups_name_each_other(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "me"\nversion = "1"\ndependencies = ["a>1"]\n'
        '[project.optional-dependencies]\nall = ["me[X_y, self]", "c"]\n'
        'X-y = ["b ; os_name==\'x\'"]\nself = ["me[all]"]\n'
        '[dependency-groups]\none = ["d"]\ntwo = ["e", {include-group = "one"}]\n'
    )
    assert _texts(tmp_path) == ["a>1"]
    assert _texts(tmp_path, ("all",), ("two",)) == ["a>1", 'b ; os_name == "x"', "c", "e", "d"]


def test_dependencies_that_setuptools_reads_from_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "me"\nversion = "1"\ndynamic = ["dependencies"]\n'
        '[tool.setuptools.dynamic]\ndependencies = {file = ["in/base.txt"]}\n'
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "base.txt").write_text("a==1\n")
    assert _texts(tmp_path) == ["a==1"]


def test_a_lock_with_forks_and_an_index_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "me"\ndependencies = ["a", "b"]\n')
    (tmp_path / "uv.lock").write_text(
        "version = 1\n"
        '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://own/simple" }\n'
        '[[package]]\nname = "b"\nversion = "1"\nresolution-markers = ["os_name == \'x\'"]\n'
        '[[package]]\nname = "b"\nversion = "2"\nresolution-markers = ["os_name != \'x\'"]\n'
        '[[package]]\nname = "c"\nversion = "1"\n[[package]]\nname = "c"\nversion = "2"\n'
        '[[package]]\nname = "me"\nversion = "1"\nsource = { editable = "." }\n'
        '[[package]]\nname = "g"\nversion = "1"\nsource = { git = "https://host/g" }\n'
    )
    found = read_requirements([tmp_path / "pyproject.toml"], tmp_path)
    assert [(item.text, item.line) for item in found.constraints] == [
        ("a==1", 2), ('b==1 ; os_name == "x"', 6), ('b==2 ; os_name != "x"', 10),
    ]  # fmt: skip
    a, b = found.requirements
    assert a.own is not None
    assert (a.own.index_url, b.own) == ("https://own/simple", None)
    assert found.files == ("pyproject.toml", "uv.lock")


def test_the_lock_of_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "apps/web").mkdir(parents=True)
    (tmp_path / "apps/web/pyproject.toml").write_text('[project]\nname = "web"\n')
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "a"\nversion = "1"\n')
    found = read_requirements([tmp_path / "apps/web/pyproject.toml"], tmp_path)
    assert [item.text for item in found.constraints] == ["a==1"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("project = 1\n", "pyproject.toml: project: is no table"),
        ("[project]\ndependencies = [1]\n",
         "pyproject.toml: project.dependencies[0]: is not a requirement: 1 (no text)"),
        ("[project]\nname = 'x'\n[dependency-groups]\na = [{include-group = 'b'}]\n",
         "pyproject.toml: dependency-groups.a: Dependency group 'b' not found"),
        ("[tool.poetry.dependencies]\na = 1\n",
         "pyproject.toml: tool.poetry.dependencies.a: is neither a version nor a table"),
        ("[tool.poetry.dependencies]\na = 'one two'\n",
         "pyproject.toml: tool.poetry.dependencies.a: 'one two' is no constraint on versions"),
    ],
)  # fmt: skip
def test_mistakes(text: str, error: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        read_requirements([tmp_path / "pyproject.toml"], tmp_path)
    assert caught.value.message == error
