"""`pruner history` and `pruner status`, and what the other commands record, as installed."""

import signal
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support import Done, assert_error, finish, project, run, start

LOCK = ("lock", "--image", "app", "--once", "--runtime", "local")
WIDE = {"COLUMNS": "80"}


def history(root: Path, *more: str) -> list[dict[str, Any]]:
    done = run("history", "app", "--json", *more, cwd=root)
    assert (done.code, done.err) == (0, "")
    rows: list[dict[str, Any]] = msgspec.json.decode(done.out)["runs"]
    return rows


def standing(root: Path) -> dict[str, Any]:
    done = run("status", "--json", cwd=root)
    assert (done.code, done.err) == (0, "")
    (row,) = msgspec.json.decode(done.out)["images"]
    assert isinstance(row, dict)
    return row


def ended(done: Done) -> int:
    assert not done.lines("warning: .pruner"), done.err
    return done.code


def test_every_run_is_recorded_and_status_tells_the_next_step(tmp_path: Path) -> None:
    root = project(tmp_path, requirements="idna==3.10\ntabulate==0.9.0\n")
    assert standing(root)["next"] == "pruner lock --image app"
    assert not (root / ".pruner").exists()
    codes = [
        ended(run(*argv, cwd=root))
        for argv in (
            ("verify", "app", "--runtime", "local"),
            LOCK,
            ("audit",),
            ("trace", "app", "--runtime", "local"),
            ("rollback", "app", "--runtime", "local"),
            ("verify", "app", "--runtime", "local"),
        )
    ]
    rows = history(root)[::-1]
    assert [row["exit"] for row in rows] == codes == [2, 0, 1, 0, 2, 0]
    assert [(row["command"], row["outcome"]) for row in rows] == [
        ("verify", "failed"),
        ("lock", "ok"),
        ("audit", "found"),
        ("trace", "ok"),
        ("rollback", "failed"),
        ("verify", "ok"),
    ]
    lock = rows[1]
    assert "idna==3.10" in lock["needed"]
    assert lock["kept"] < lock["total"]
    assert lock["size_after"] < lock["size_before"]
    assert lock["lock"] == rows[5]["lock"] is not None
    assert rows[2]["findings"]
    assert len(history(root, "--limit", "2")) == 2

    row = standing(root)
    assert (row["next"], row["changed"]) == ("pruner image app", [])
    with (root / "app/__main__.py").open("a") as file:
        file.write("# changed\n")
    row = standing(root)
    assert (row["next"], row["changed"]) == ("pruner lock --image app", ["sources"])

    for argv in (("history", "app"), ("status",)):
        done = run(*argv, cwd=root, env=WIDE)
        assert done.code == 0
        assert all(len(line.rstrip()) <= 80 for line in done.out.splitlines()), done.out


def test_an_interrupted_run_is_recorded(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        code="import time\ntime.sleep(60)\n",
        agent="ready = { exit = 0, timeout = 60 }",
        requirements="idna==3.10\n",
    )
    process = start("trace", "app", "--runtime", "local", cwd=root)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("run agent"):
            break
    process.send_signal(signal.SIGINT)
    finish(process)
    (row,) = history(root)
    assert (row["command"], row["outcome"], row["exit"]) == ("trace", "failed", 130)


def test_a_damaged_history_does_not_end_a_command(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / ".pruner").mkdir()
    (root / ".pruner/history.db").write_bytes(b"nonsense\n" * 200)
    done = run("audit", cwd=root)
    assert done.code == 1
    assert len(done.lines("warning: .pruner/history.db is damaged")) == 1
    assert done.out
    assert len(history(root)) == 1


def test_a_history_that_cannot_be_written_does_not_end_a_command(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / ".pruner").write_text("in the way")
    done = run("audit", cwd=root)
    assert done.code == 1
    assert len(done.lines("warning:")) == 1
    assert "not in the history" in done.err


def test_audits_at_once_wait_for_each_other(tmp_path: Path) -> None:
    root = project(tmp_path)
    processes = [start("audit", cwd=root) for _ in range(3)]
    assert [finish(process).code for process in processes] == [1, 1, 1]
    assert len(history(root)) == 3


@pytest.mark.parametrize("text", ["\x1b[31mred", "[bold]x[/bold]", "x" * 150])
def test_what_anyone_wrote_is_shown_plainly(tmp_path: Path, text: str) -> None:
    root = project(tmp_path)
    run("audit", cwd=root)
    connection = sqlite3.connect(root / ".pruner/history.db", isolation_level=None)
    connection.execute("UPDATE runs SET command = ?, at = ?", (text, text))
    connection.close()
    done = run("history", "app", cwd=root, env=WIDE)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert all(len(line.rstrip()) <= 80 for line in done.out.splitlines()), done.out


def test_wrong_calls(tmp_path: Path) -> None:
    root = project(tmp_path)
    assert_error(run("history", "nope", cwd=root), 2, 'there is no image "nope"')
    assert_error(run("history", "app", "--limit", "0", cwd=root), 2, "--limit")
    assert run("history", "app", cwd=root).out == "app: no run is in the history yet\n"
    assert not (root / ".pruner").exists()
