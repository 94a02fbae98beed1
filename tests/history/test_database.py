"""The history's database: migrations, damage, two at once, a kill, a full disk."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pruner.history import History, Run
from pruner.history import database as db
from pruner.history.schema import STEPS, migrate

RUN = Run(
    at="2026-11-25T03:15:02Z",
    command="lock",
    image="app",
    outcome="ok",
    exit=0,
    runtime="local",
    policy="minimal",
    lock="20261125T031502Z",
    size_before=200,
    size_after=100,
    confidence=0.93,
    levels={"observed": 3, "unused": 2},
    findings={"PRN101": 1},
    needed=("idna==3.10",),
    kept=3,
    total=5,
    inputs={"sources": "ab"},
)
WRITER = """\
import sys
from pathlib import Path
from pruner.history import History, Run
for number in range(int(sys.argv[2])):
    with History.opened(Path(sys.argv[1])) as history:
        history.record(Run(at="t", command=sys.argv[3], image="app", outcome="ok", exit=0))
    print(number, flush=True)
"""


class Said(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


def record(root: Path, run: Run = RUN) -> Said:
    said = Said()
    with History.opened(root, said) as history:
        history.record(run)
    return said


def runs(root: Path, image: str | None = "app") -> tuple[tuple[Run, ...], Said]:
    said = Said()
    with History.opened(root, said) as history:
        return history.runs(image), said


def path(root: Path) -> Path:
    return root / ".pruner" / "history.db"


def writer(root: Path, times: int, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(times), command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_was_recorded_comes_back_newest_first(tmp_path: Path) -> None:
    assert runs(tmp_path) == ((), [])
    assert not (tmp_path / ".pruner").exists()
    later = msgspec.structs.replace(RUN, command="verify")
    other = msgspec.structs.replace(RUN, image="other")
    for run in (RUN, other, later):
        assert record(tmp_path, run) == []
    assert runs(tmp_path) == ((later, RUN), [])
    assert runs(tmp_path, None) == ((later, other, RUN), [])
    with History.opened(tmp_path) as history:
        assert history.runs("app", limit=1) == (later,)


def test_an_old_version_is_migrated_with_its_rows(tmp_path: Path) -> None:
    path(tmp_path).parent.mkdir()
    with sqlite3.connect(path(tmp_path)) as old:
        for statement in STEPS[0]:
            old.execute(statement)
        old.execute("PRAGMA user_version = 1")
        old.execute(
            "INSERT INTO runs (at, command, image, outcome, exit, runtime, policy, levels,"
            " findings, seconds) VALUES ('t', 'lock', 'app', 'ok', 0, '', '', '{}', '{}', 1.5)"
        )
    old.close()
    (first,), said = runs(tmp_path)
    assert said == []
    assert (first.seconds, first.needed, first.kept) == (1.5, (), None)
    assert record(tmp_path) == []
    assert runs(tmp_path)[0] == (RUN, first)


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path)
    bad = (*STEPS, ("ALTER TABLE runs ADD COLUMN more INTEGER", "SELECT 1 FROM nowhere"))
    with monkeypatch.context() as changed:
        changed.setattr("pruner.history.schema.STEPS", bad)
        connection = sqlite3.connect(path(tmp_path), isolation_level=None)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection)
        connection.close()
    assert runs(tmp_path) == ((RUN,), [])


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    record(tmp_path)
    connection = sqlite3.connect(path(tmp_path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path(tmp_path).read_bytes()
    (line,) = record(tmp_path)
    assert line.startswith("warning: .pruner/history.db: schema 99, and this pruner knows ")
    found, (line,) = runs(tmp_path)
    assert found == ()
    assert "left alone" in line
    assert path(tmp_path).read_bytes() == before


@pytest.mark.parametrize("contents", [b"no database at all\n" * 100, b"SQLite format 3\0" * 300])
def test_a_damaged_file_is_set_aside(tmp_path: Path, contents: bytes) -> None:
    path(tmp_path).parent.mkdir()
    path(tmp_path).write_bytes(contents)
    (line,) = record(tmp_path)
    assert line.startswith("warning: .pruner/history.db is damaged")
    (aside,) = path(tmp_path).parent.glob("history.db.damaged-*")
    assert aside.read_bytes() == contents
    assert aside.name in line
    assert runs(tmp_path) == ((RUN,), [])


def test_a_table_that_is_not_ours_is_set_aside(tmp_path: Path) -> None:
    path(tmp_path).parent.mkdir()
    connection = sqlite3.connect(path(tmp_path))
    connection.execute("CREATE TABLE other (x)")
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.close()
    found, (line,) = runs(tmp_path)
    assert found == ()
    assert "damaged" in line
    assert record(tmp_path) == []


def test_a_row_that_anyone_wrote_is_passed_over(tmp_path: Path) -> None:
    record(tmp_path)
    record(tmp_path)
    connection = sqlite3.connect(path(tmp_path), isolation_level=None)
    connection.execute("UPDATE runs SET levels = '[' WHERE id = 2")
    connection.close()
    assert runs(tmp_path) == (
        (RUN,),
        ["warning: .pruner/history.db: 1 of its rows not pruner's; passed over"],
    )


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path(tmp_path).parent.mkdir()
    path(tmp_path).symlink_to(tmp_path / "elsewhere.db")
    (line,) = record(tmp_path)
    assert "not a regular file" in line
    assert not (tmp_path / "elsewhere.db").exists()


def test_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / ".pruner").write_text("")
    (line,) = record(tmp_path)
    assert line.startswith("warning:")
    assert "not in the history" in line


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    processes = [writer(tmp_path, 40, command) for command in ("lock", "verify", "audit")]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    found, said = runs(tmp_path)
    assert said == []
    assert sorted(run.command for run in found) == ["audit"] * 40 + ["lock"] * 40 + ["verify"] * 40


def test_who_waits_too_long_is_told_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path)
    monkeypatch.setattr(db, "PATIENCE", 0.1)
    other = sqlite3.connect(path(tmp_path), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    (line,) = record(tmp_path)
    assert "locked" in line
    other.execute("ROLLBACK")
    other.close()
    assert runs(tmp_path) == ((RUN,), [])


def test_a_kill_in_the_middle_of_writing_loses_no_row(tmp_path: Path) -> None:
    told = 0
    for _ in range(8):
        process = writer(tmp_path, 100_000, "lock")
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest, errors = process.communicate()
        assert errors == ""
        told += 3 + rest.count("\n")
    found, said = runs(tmp_path)
    assert said == []
    assert told <= len(found) <= told + 8
    assert record(tmp_path) == []


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    record(tmp_path)
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        big = msgspec.structs.replace(RUN, needed=("x" * 150,) * 500)
        said = record(tmp_path, big)
        os._exit(0 if len(said) == 1 and "not in the history" in said[0] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert runs(tmp_path) == ((RUN,), [])


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "MOST_OF_IMAGE", 3)
    monkeypatch.setattr(db, "MOST", 5)
    for number in range(5):
        record(tmp_path, msgspec.structs.replace(RUN, seconds=float(number)))
    assert [run.seconds for run in runs(tmp_path)[0]] == [4.0, 3.0, 2.0]
    for _ in range(4):
        record(tmp_path, msgspec.structs.replace(RUN, image="other"))
    assert [run.image for run in runs(tmp_path, None)[0]] == ["other"] * 3 + ["app"]
