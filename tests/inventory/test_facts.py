import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.inventory import facts as module
from pruner.inventory.facts import Facts

WRITER = """
import sys
from pathlib import Path
from pruner.inventory.facts import Facts
with Facts.open(Path(sys.argv[1])) as facts:
    for n in range(50):
        facts.put("k", 1, {f"{sys.argv[2]}-{n}": b"x" * 1000})
    print(*facts.notes)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "facts.sqlite"


def test_what_was_put_is_found_again_by_kind_version_and_key(path: Path) -> None:
    with Facts.open(path) as facts:
        facts.put("native", 1, {"a": b"1", "b": b"2"})
        facts.put("native", 1, {"b": b"3"})
    with Facts.open(path) as facts:
        assert facts.get("native", 1, ["a", "b", "c"]) == {"a": b"1", "b": b"3"}
        assert facts.get("native", 2, ["a"]) == facts.get("sites", 1, ["a"]) == {}
        assert facts.notes == ()


def test_more_keys_than_one_query_takes(path: Path) -> None:
    rows = {f"k{n}": str(n).encode() for n in range(2345)}
    with Facts.open(path) as facts:
        facts.put("k", 1, rows)
        assert facts.get("k", 1, (key for key in rows)) == rows
        assert facts.get("k", 1, []) == {}


def test_the_oldest_go_above_the_bound(path: Path) -> None:
    with Facts.open(path, bound=200_000) as facts:
        for n in range(100):
            facts.put("k", 1, {f"k{n}": bytes(10_000)})
        found = facts.get("k", 1, [f"k{n}" for n in range(100)])
    assert 5 < len(found) < 20
    assert "k99" in found
    assert "k0" not in found
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("text", [b"", b"not a database, and long enough to be read as one" * 100])
def test_a_file_that_is_no_database_is_set_aside(path: Path, text: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(text)
    with Facts.open(path) as facts:
        facts.put("k", 1, {"a": b"1"})
        assert facts.get("k", 1, ["a"]) == {"a": b"1"}
        assert bool(facts.notes) is bool(text)  # an empty file is a new database
    aside = path.with_name("facts.sqlite.damaged-1")
    assert not text or aside.read_bytes() == text


@pytest.mark.parametrize("script", ["CREATE TABLE fact (x)", "PRAGMA user_version = 7"])
def test_a_database_of_somebody_else_is_set_aside(path: Path, script: str) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute(script)
    other.commit()
    other.close()
    with Facts.open(path) as facts:
        facts.put("k", 1, {"a": b"1"})
        assert facts.get("k", 1, ["a"]) == {"a": b"1"}
        assert "damaged-1" in facts.notes[0]


def test_damage_that_shows_later_is_set_aside_then(path: Path) -> None:
    with Facts.open(path) as facts:
        facts.put("k", 1, {f"k{n}": os.urandom(500) for n in range(500)})
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    with Facts.open(path) as facts:
        assert len(facts.get("k", 1, [f"k{n}" for n in range(500)])) < 500
        facts.put("k", 1, {"a": b"1"})
        assert facts.get("k", 1, ["a"]) == {"a": b"1"}
        assert "damaged-1" in facts.notes[0]


def test_files_set_aside_do_not_pile_up(path: Path) -> None:
    path.parent.mkdir()
    for n in range(6):
        path.write_bytes(b"damaged %d" % n * 100)
        with Facts.open(path) as facts:
            assert facts.notes
    assert len(list(path.parent.glob("*.damaged-*"))) == 3


@pytest.mark.parametrize("way", ["a file as folder", "a folder as file"])
def test_where_nothing_can_be_written_nothing_is_found_and_a_note_says_so(
    tmp_path: Path, way: str
) -> None:
    path = tmp_path / "x" / "facts.sqlite"
    if way == "a file as folder":
        path.parent.write_text("")
    else:
        path.mkdir(parents=True)
    with Facts.open(path) as facts:
        facts.put("k", 1, {"a": b"1"})
        assert facts.get("k", 1, ["a"]) == {}
        assert len(facts.notes) == 1


def test_a_disk_that_is_full_is_no_error(path: Path) -> None:
    with Facts.open(path) as facts:
        facts.put("k", 1, {"a": b"1"})
        assert facts._connection is not None  # noqa: SLF001  a full disk, made small
        facts._connection.execute("PRAGMA max_page_count = 10")  # noqa: SLF001
        facts.put("k", 1, {"b": bytes(1_000_000)})
        assert facts.get("k", 1, ["a"]) == {}
        assert "full" in facts.notes[0]
    with Facts.open(path) as facts:
        assert facts.get("k", 1, ["a", "b"]) == {"a": b"1"}


def test_another_pruner_that_holds_it_for_long_is_waited_for_and_then_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT", 0.1)
    path.parent.mkdir()
    with module._alone(path.with_name("facts.sqlite.lock")), Facts.open(path) as facts:  # noqa: SLF001
        facts.put("k", 1, {"a": b"1"})
        assert "another pruner" in facts.notes[0]


def test_several_pruners_write_at_once(path: Path) -> None:
    argv = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*argv, str(n)], stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    assert [writer.communicate()[0].strip() for writer in writers] == [""] * 4
    keys = [f"{writer}-{n}" for writer in range(4) for n in range(50)]
    with Facts.open(path) as facts:
        assert len(facts.get("k", 1, keys)) == 200


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.binary()))
def test_any_bytes_come_back(rows: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder, Facts.open(Path(folder) / "facts") as facts:
        facts.put("k", 1, rows)
        assert facts.get("k", 1, rows) == rows
