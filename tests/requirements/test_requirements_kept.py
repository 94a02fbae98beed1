"""A requirement file is parsed once; what is kept of it is what parsing it gives."""

from pathlib import Path

import pip_requirements_parser
import pytest

from memory import Memory
from pruner.inventory.facts import Facts
from pruner.requirements import read_leniently
from support import Write

FILES = {
    "r.txt": (
        "-r more/r.txt\n-c limits.txt\n--extra-index-url https://example.org/simple\n--pre\n"
        "torch==2.2.2 --find-links ./wheels\nsix[a,b]>=1,<2 ; python_version < '4'\n"
        "x @ https://example.org/x-1.0-py3-none-any.whl\n-e ./own\nsix =1\n"
    ),
    "more/r.txt": f"idna==3.7 \\\n    --hash=sha256:{'0' * 64}\n",
    "limits.txt": "six==1.16.0\n",
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are parsed from now on."""
    names: list[str] = []
    real = pip_requirements_parser.RequirementsFile.from_file

    def counting(filename: str) -> object:
        names.append(Path(filename).name)
        return real(filename)

    monkeypatch.setattr("pip_requirements_parser.RequirementsFile.from_file", counting)
    return names


def test_what_is_kept_is_what_is_read(write: Write, parsed: list[str], tmp_path: Path) -> None:
    root = write(FILES)
    plain, mistakes = read_leniently([root / "r.txt"], root)
    assert [str(each).partition(": ")[0] for each in mistakes] == ["r.txt:9"]
    assert len(plain.requirements) == 3
    assert len(plain.direct) == 2
    for expected in (3, 0):
        parsed.clear()
        with Facts.open(tmp_path / "facts") as facts:
            found, again = read_leniently([root / "r.txt"], root, cache=facts)
        assert found == plain
        assert list(map(str, again)) == list(map(str, mistakes))
        assert sum(name.endswith("r.txt") or name == "limits.txt" for name in parsed) == expected


def test_only_what_changed_is_parsed_again(write: Write, parsed: list[str]) -> None:
    root, cache = write(FILES), Memory()
    read_leniently([root / "r.txt"], root, cache=cache)
    (root / "limits.txt").write_text("six==1.15.0\n", encoding="utf-8")
    parsed.clear()
    found, _ = read_leniently([root / "r.txt"], root, cache=cache)
    assert [name for name in parsed if name != "line.txt"] == ["limits.txt"]
    assert [item.text for item in found.constraints] == ["six==1.15.0"]


def test_a_text_elsewhere_names_what_is_beside_it(write: Write) -> None:
    root = write(dict.fromkeys(("a/r.txt", "b/r.txt"), "-f ./wheels\nsix\n"))
    for name in ("a", "b"):
        (root / name / "wheels").mkdir()
    cache = Memory()
    for name in ("a", "b"):
        found, _ = read_leniently([root / name / "r.txt"], root, cache=cache)
        assert found.indexes.find_links == (str(root / name / "wheels"),)
        assert [item.file for item in found.requirements] == [f"{name}/r.txt"]


def test_what_was_kept_and_is_damaged_is_read_again(write: Write) -> None:
    root, cache = write(FILES), Memory()
    first = read_leniently([root / "r.txt"], root, cache=cache)[0]
    cache.rows = dict.fromkeys(cache.rows, b"\xff")
    assert read_leniently([root / "r.txt"], root, cache=cache)[0] == first
