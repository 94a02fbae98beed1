"""Night after night with `pruner drift`: nothing changes, it is ended or killed, a disk is full.

Whatever happens to a night, the committed lock is whole, and the next night is right.
"""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drifting import LOCK, NIGHT, copied, image_of, locks, told
from pruner.sandbox.engine import LABEL
from support import (
    assert_nothing_left,
    client,
    environment,
    finish,
    processes_of,
    project,
    run,
    small_disk,
    start,
    until,
)

# What is loaded, and how long it runs, stands in files, so no text of the code says it.
CODE = """\
import importlib
import time
from pathlib import Path

import idna

for name in Path("app/plugins.txt").read_text().split():
    importlib.import_module(name)
time.sleep(float(Path("app/wait.txt").read_text()))
"""
DONE = ("drift", "ok", 0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project of two images with a lock each, once."""
    root = project(
        tmp_path_factory.mktemp("made"),
        code=CODE,
        agent="ready = { exit = 0, timeout = 300 }",
        requirements="idna==3.10\ntabulate==0.9.0\n",
    )
    (root / "app/plugins.txt").write_text("json\n")
    (root / "app/wait.txt").write_text("0")
    config = root / "pruner.toml"
    text = config.read_text()
    image = text[text.index("[images.app]") :]
    config.write_text(text + image.replace("images.app", "images.other"))
    done = run("lock", "--all", "--once", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the project with two locks."""
    return copied(made, tmp_path)


def plant(root: Path) -> None:
    """Have the agent load what the lock has not."""
    (root / "app/plugins.txt").write_text("json tabulate\n")


def recorded(root: Path, image: str = "app") -> list[tuple[str, str, int]]:
    """Return (command, outcome, exit) of the nights of an image, the newest first."""
    done = run("history", image, "--json", cwd=root)
    assert (done.code, done.err) == (0, "")
    rows = msgspec.json.decode(done.out)["runs"]
    assert rows[-1]["command"] == "lock"
    return [(row["command"], row["outcome"], row["exit"]) for row in rows[:-1]]


def wait_for(process: "subprocess.Popen[str]", line: str) -> None:
    """Read what a pruner says until a line begins like that."""
    assert process.stderr is not None
    assert any(said.startswith(line) for said in process.stderr), line


# --- nothing planted -------------------------------------------------------------------------


def test_ten_nights_on_which_nothing_changed(root: Path) -> None:
    """The agents are run in the first and in one that asks for it; nights are skipped between."""
    reports, traced = [], []
    for number in range(10):
        fresh = ("--fresh",) if number == 5 else ()
        done = run(*NIGHT, "--json", *fresh, cwd=root)
        assert done.code == 0, done.err
        report: dict[str, Any] = msgspec.json.decode(done.out)
        for image in report["images"]:
            traced.append(image.pop("traced"))
            skipped = image.pop("skipped")
            assert bool(skipped) is not traced[-1]
            assert ("not run: nothing that the runs depend on has changed" in done.err) is bool(
                skipped
            )
        reports.append(report)
    assert traced == [number in {0, 5} for number in range(10) for _ in range(2)]
    assert [image["image"] for image in reports[0]["images"]] == ["app", "other"]
    assert all(image["findings"] == [] for image in reports[0]["images"])
    assert reports == [reports[0]] * 10
    assert recorded(root) == recorded(root, "other") == [DONE] * 10


def test_a_night_that_was_skipped_counts_with_what_the_last_run_used(root: Path) -> None:
    """What is kept for a line that never runs is told of after so many nights, skipped or not."""
    with (root / "app/__main__.py").open("a") as file:
        file.write("\n\ndef never():\n    import tabulate\n")
    assert run(*LOCK, cwd=root).code == 0
    first = run(*NIGHT, "app", "--json", cwd=root)
    assert image_of(first)["traced"], first.err
    with sqlite3.connect(root / ".pruner/history.db") as history:
        history.execute("UPDATE runs SET at = '2026-11-01T03:00:00Z'")
    history.close()
    for found in ([], ["PRN575"]):
        done = run(*NIGHT, "app", "--nights", "2", "--json", cwd=root)
        assert (done.code, image_of(done)["traced"]) == (0, False)
        assert [row["code"] for row in image_of(done)["findings"]] == found
    (row,) = image_of(done)["findings"]
    assert row["what"] == "tabulate 0.9.0 is kept (required), and no run of 2 nights used it"
    assert (row["severity"], row["size_bytes"] > 100_000) == ("note", True)


# --- ended -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_night_that_is_ended_is_recorded_for_what_was_not_done(
    root: Path, number: int, code: int
) -> None:
    before = locks(root)
    assert run(*NIGHT, "app", cwd=root).code == 0  # so that it is skipped below
    process = start(*NIGHT, cwd=root)
    wait_for(process, "app: not run: ")
    wait_for(process, "run agent ...")
    process.send_signal(number)
    done = finish(process)
    assert done.code == code, done.err
    assert len(done.lines("error:")) == (1 if code == 130 else 0), done.err
    assert_nothing_left(done.pid)
    assert recorded(root) == [DONE, DONE]
    assert recorded(root, "other") == [("drift", "failed", code)]
    assert locks(root) == before
    assert image_of(run(*NIGHT, "app", "--json", cwd=root))["traced"] is False
    assert image_of(run(*NIGHT, "other", "--json", cwd=root))["traced"] is True


def test_an_image_that_failed_before_stays_failed(root: Path) -> None:
    """Ctrl-C in the second image is not what became of the first."""
    (root / "locks/app/verdicts.json").write_text("{")
    (root / "app/wait.txt").write_text("60")
    process = start(*NIGHT, cwd=root)
    wait_for(process, "run agent ...")
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 130, done.err
    assert recorded(root) == [("drift", "found", 1)]
    assert recorded(root, "other") == [("drift", "failed", 130)]


# --- killed ----------------------------------------------------------------------------------


@pytest.mark.gc
@pytest.mark.parametrize(
    "moment", ["install the original ...", "run agent ...", "install the lock ...", "remove the"]
)
def test_killed_while_it_looks(root: Path, moment: str) -> None:
    before = locks(root)
    plant(root)
    process = start(*NIGHT, "app", "--update", cwd=root)
    wait_for(process, moment)
    process.kill()
    assert finish(process).code == -signal.SIGKILL
    assert until(lambda: processes_of(process.pid), lambda left: not left) == []
    assert locks(root) == before
    assert run("gc", cwd=root).code == 0
    assert_nothing_left(process.pid)
    assert_the_next_night_is_right(root)


KILLED = """\
import os, signal, sys
from pathlib import Path
from pruner.cli.main import main
real, left = Path.replace, [{count}]
def dying(self, target):
    if "locks" in target.parts:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return real(self, target)
Path.replace = dying
sys.argv = ["pruner", *{argv!r}]
main()
"""


@pytest.mark.gc
@pytest.mark.parametrize("count", [0, 1, 3])
def test_killed_while_an_update_writes_the_lock(root: Path, count: int) -> None:
    """Before each of the files is put into its place: what is there is of the old or the new."""
    before = locks(root)
    plant(root)
    code = KILLED.format(count=count, argv=(*NIGHT, "app", "--update"))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment(), check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    left = locks(root)
    assert len([name for name in before if left[name] != before[name]]) == count
    store = [path for path in (root / ".pruner/app/accepted").iterdir() if path.is_dir()]
    kept = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in store]
    assert len(kept) == 2
    for name in before:
        assert left[name] in [before[name], *(files[name] for files in kept)]
    assert run("gc", cwd=root).code == 0
    hours_later(root / "locks/app")
    assert_the_next_night_is_right(root)
    assert recorded(root) == [DONE, ("drift", "found", 1)]
    done_ = run("rollback", "app", "--list", "--json", cwd=root)
    assert msgspec.json.decode(done_.out)["damaged"] == []


def hours_later(folder: Path) -> None:
    """Have all of a folder be as old as if the next night had come."""
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))


def assert_the_next_night_is_right(root: Path) -> None:
    """Check that an update finds what was planted and writes it."""
    done = run(*NIGHT, "app", "--update", "--json", cwd=root)
    assert done.code == 1, done.err
    assert "PRN570" in [code for code, _, _ in told(done)]
    assert not done.lines("warning: .pruner"), done.err
    assert image_of(done)["commit"].startswith("Lock app anew: ")
    assert_nothing_left(done.pid)
    assert_the_lock_is_right(root)


def assert_the_lock_is_right(root: Path) -> None:
    """Check that it has what was planted, that a night finds nothing, and that nothing is left."""
    names = {"requirements.txt", "pylock.toml", "verdicts.json"}
    names |= {f"pruner_guard.{suffix}" for suffix in ("py", "pth")}
    assert set(locks(root)) == names
    assert "tabulate==0.9.0" in (root / "locks/app/requirements.txt").read_text()
    done = run(*NIGHT, "app", "--json", cwd=root)
    assert (done.code, told(done)) == (0, []), done.err


def test_killed_while_it_waits_to_write_the_history(root: Path) -> None:
    holder = held(root, "IMMEDIATE")  # it can still be read
    process = start(*NIGHT, "app", cwd=root)
    try:
        wait_for(process, "remove the sandboxes: ")
        kept = root / ".pruner/app/drift-told.json"
        assert until(kept.exists, bool)
        process.kill()
        assert finish(process).code == -signal.SIGKILL
    finally:
        holder.close()
    assert_nothing_left(process.pid)
    assert recorded(root) == []
    done = run(*NIGHT, "app", cwd=root)
    assert (done.code, recorded(root)) == (0, [DONE]), done.err
    assert not done.lines("warning: .pruner"), done.err


# --- what others hold, take away or fill -----------------------------------------------------


def held(root: Path, how: str = "EXCLUSIVE") -> sqlite3.Connection:
    """Lock the history, as another process that writes does, until it is closed."""
    other = sqlite3.connect(root / ".pruner/history.db", isolation_level=None)
    other.execute(f"BEGIN {how}")
    return other


def test_a_history_that_another_process_holds_is_waited_for(root: Path) -> None:
    assert run(*NIGHT, "app", cwd=root).code == 0
    holder = held(root)
    process = start(*NIGHT, "app", cwd=root)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=8)
    holder.close()
    done = finish(process)
    assert (done.code, done.lines("warning:")) == (0, []), done.err
    assert recorded(root) == [DONE, DONE]


def test_a_history_that_is_never_let_go_is_one_line_and_no_end(root: Path) -> None:
    assert run(*NIGHT, "app", cwd=root).code == 0
    holder = held(root, "IMMEDIATE")
    done = run(*NIGHT, "app", cwd=root)
    holder.close()
    assert (done.code, done.out.splitlines()[0]) == (0, "app, 349 kB: no drift")
    what = "database is locked; this run is not in the history"
    assert done.lines("warning:") == [f"warning: .pruner/history.db: {what}"]
    assert recorded(root) == [DONE]


@pytest.mark.parametrize("room", [0, 30_000, 45_000, 60_000, 80_000])
def test_the_disk_of_the_project_is_full(root: Path, tmp_path: Path, room: int) -> None:
    """However far a night gets before it is full: the lock is the old one, and it is told why, in
    one line; or the new one, with its message."""
    with small_disk(tmp_path / "disk") as disk:
        full = copied(root, disk)
        before = locks(full)
        plant(full)
        fill(disk / "filler", room)
        done = run(*NIGHT, "app", "--update", cwd=full)
        assert_nothing_left(done.pid)
        (disk / "filler").unlink()
        if locks(full) == before:
            assert (done.code, done.out) == (3, ""), done.err
            (error,) = done.lines("error:")
            assert "No space left on device" in error
            assert_the_next_night_is_right(full)
        else:
            assert room > 30_000
            assert (done.code, done.lines("error:")) == (1, []), done.err
            assert done.out.startswith("Lock app anew: ")
            for line in done.lines("warning:"):
                assert re.search("o space left|is full", line), line
            assert_the_lock_is_right(full)


def fill(path: Path, room: int) -> None:
    """Fill the disk of a file with it, but for some bytes."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    os.truncate(path, path.stat().st_size - room)


def test_the_disk_of_the_cache_is_full(root: Path, tmp_path: Path) -> None:
    before = locks(root)
    plant(root)
    (root / "requirements.txt").write_text("idna==3.10\ntabulate==0.9.0\nnumpy==1.26.4\n")
    with small_disk(tmp_path / "disk") as disk:
        done = run(*NIGHT, "app", "--update", cwd=root, env={"PRUNER_CACHE": str(disk)})
        assert done.code == 3, done.err
        (error,) = done.lines("error:")
        assert "o space left" in error
        assert_nothing_left(done.pid, disk)
    assert locks(root) == before
    assert recorded(root) == [("drift", "failed", 3)]
    (root / "requirements.txt").write_text("idna==3.10\ntabulate==0.9.0\n")
    assert_the_next_night_is_right(root)


@pytest.mark.engine
def test_an_engine_that_loses_what_runs(root: Path) -> None:
    """What a restart of the engine does to a night, without doing it to other tests."""
    before = locks(root)
    (root / "app/wait.txt").write_text("200")
    process = start(*NIGHT[:-1], "docker", "app", cwd=root)
    wait_for(process, "run agent ...")
    assert until(lambda: containers_of(process.pid), bool)
    time.sleep(1.5)
    for container in containers_of(process.pid):
        container.remove(force=True)
    done = finish(process)
    assert done.code in {3, 4}, done.err
    assert len(done.lines("error:")) == 1
    assert_nothing_left(done.pid)
    assert locks(root) == before
    assert recorded(root) == [("drift", "failed", done.code)]
    (root / "app/wait.txt").write_text("0")
    done = run(*NIGHT[:-1], "docker", "app", cwd=root)  # the lock is of the local sandbox
    assert done.code in {0, 1}, done.err


def containers_of(pid: int) -> list[Any]:
    """Return the containers of a pruner."""
    every = client().containers.list(all=True, filters={"label": LABEL}, ignore_removed=True)
    return [item for item in every if item.labels[LABEL].startswith(f"{pid}-")]
