"""`pruner rollback`, through the installed command, on two small locks."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from images import tiny
from support import (
    PRUNER,
    Done,
    assert_error,
    assert_nothing_left,
    client,
    environment,
    finish,
    processes_of,
    project,
    run,
    start,
    until,
)

# What is asked of it is read from a file, so a test can make a lock fail that was good.
CODE = """\
import importlib.metadata, os, sys, time
import idna
versions = open("versions.txt").read().split()
while os.path.exists("wait"):
    time.sleep(0.1)
sys.exit(importlib.metadata.version("idna") not in versions)
"""
LOCK = ("lock", "--image", "app", "--once", "--runtime", "local")
BACK = ("rollback", "app", "--runtime", "local")


def root_of(folder: Path) -> Path:
    agent = "ready = { exit = 0, timeout = 120 }"
    root = project(folder, code=CODE, agent=agent, requirements="idna==3.9\ntabulate==0.9.0\n")
    (root / "versions.txt").write_text("3.9 3.10 3.4\n")
    return root


def locked(root: Path, *requirements: str) -> None:
    (root / "requirements.txt").write_text("".join(f"{line}\n" for line in requirements))
    done = run(*LOCK, cwd=root)
    assert done.code == 0, done.err


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with two locks, once."""
    root = root_of(tmp_path_factory.mktemp("made"))
    locked(root, "idna==3.9", "tabulate==0.9.0")
    locked(root, "idna==3.10")
    return root


@pytest.fixture
def two(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the project with two locks."""
    shutil.copytree(made, tmp_path / "two")
    return tmp_path / "two"


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "locks/app").iterdir()}


def ids(root: Path) -> list[str]:
    """Return what is kept, the oldest first."""
    done = run("rollback", "app", "--list", "--json", cwd=root)
    assert done.code == 0, done.err
    return [row["id"] for row in told(done)["accepted"]]


def told(done: Done) -> Any:  # noqa: ANN401  whatever JSON holds
    return msgspec.json.decode(done.out)


def pin(root: Path) -> str:
    text = (root / "locks/app/requirements.txt").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("idna")]
    return line.rstrip(" \\")


def test_there_and_back_again(two: Path) -> None:
    first, second = ids(two)
    before = contents(two)
    done = run(*BACK, cwd=two)
    assert done.code == 0, done.err
    assert_nothing_left(done.pid)
    lines = done.out.splitlines()
    assert lines[:2] == [f"app: {second} -> {first}", "  idna  3.10 -> 3.9"]
    assert "written requirements.txt" in lines
    assert lines[-1] == "proven with agent, local sandbox"
    assert pin(two) == "idna==3.9"
    kept = two / ".pruner/app/accepted" / first
    assert contents(two) == {
        path.name: path.read_bytes() for path in kept.iterdir() if path.name != "accepted.json"
    }
    assert run("verify", "app", "--runtime", "local", cwd=two).code == 0
    assert_error(run(*BACK, cwd=two), 2, "app has no earlier lock to go back to", "--list")

    done = run(*BACK, "--to", second, "--json", cwd=two)
    assert done.code == 0, done.err
    answer = told(done)
    assert (answer["before"]["id"], answer["after"]["id"]) == (first, second)
    assert answer["changes"]["pins"] == [{"name": "idna", "before": "3.9", "after": "3.10"}]
    assert answer["document"]["proof"]["passed"]
    assert answer["done"]
    assert answer["tag"] == {"state": "none", "name": ""}
    assert contents(two) == before
    assert ids(two) == [first, second]


def test_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    root = root_of(tmp_path)
    hint = "`pruner lock --image app` makes one"
    for more in ((), ("--list",), ("--dry-run",)):
        assert_error(run(*BACK, *more, cwd=root), 2, "there is no lock yet", hint)
    locked(root, "idna==3.9")
    assert_error(run(*BACK, cwd=root), 2, "app has no earlier lock to go back to", "--list")


def test_calls_that_are_wrong(two: Path) -> None:
    first, _ = ids(two)
    for argv, error in {
        ("rollback", "nope"): 'there is no image "nope"',
        ("rollback",): "missing argument",
        (*BACK, "--to", "1999"): "there is no accepted lock '1999'",
        (*BACK, "--to", first[:4]): "is the beginning of 2 accepted locks",
        (*BACK, "--list", "--dry-run"): "--list goes with no --to and no --dry-run",
        (*BACK, "--no-proof"): "no such option '--no-proof'",
    }.items():
        assert_error(run(*argv, cwd=two), 2, error)


def test_a_dry_run_and_a_list_change_nothing(two: Path) -> None:
    first, second = ids(two)
    before = {path: path.read_bytes() for path in two.rglob("*") if path.is_file()}
    done = run(*BACK, "--dry-run", cwd=two)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[:4] == [
        f"app: {second} -> {first}",
        "  idna  3.10 -> 3.9",
        "pins   1 -> 1",
        lines[3],
    ]
    assert lines[3].startswith("bytes  ")
    assert lines[-1] == "nothing was changed: --dry-run"
    done = run("rollback", "app", "--list", cwd=two)
    head, newest, oldest, note = done.out.splitlines()
    assert head.split() == ["id", "when", "(UTC)", "by", "pins", "bytes", "proof"]
    assert newest.startswith(f"* {second} ")
    assert oldest.startswith(f"  {first} ")
    assert note == "* lies in locks/"
    assert max(map(len, done.out.splitlines())) <= 80
    assert {path: path.read_bytes() for path in two.rglob("*") if path.is_file()} == before


def test_a_proof_that_fails_changes_nothing(two: Path) -> None:
    before, kept = contents(two), ids(two)
    (two / "versions.txt").write_text("3.10\n")
    done = run(*BACK, cwd=two)
    assert done.code == 1, done.err
    assert_nothing_left(done.pid)
    shown = done.out.partition("NOT PROVEN, local sandbox: nothing was changed\n")[2]
    assert "agent: it ended with 1" in shown, done.out
    answer = run(*BACK, "--json", cwd=two)
    assert answer.code == 1
    assert not told(answer)["done"]
    assert told(answer)["document"]["proof"]["differences"]
    assert contents(two) == before
    assert ids(two) == kept


def test_an_agent_that_is_new_cannot_be_compared(two: Path) -> None:
    before = contents(two)
    more = '\n[[images.app.agents]]\nname = "new"\nmodule = "app"\nready = { exit = 0 }\n'
    with (two / "pruner.toml").open("a") as file:
        file.write(more)
    assert_error(run(*BACK, cwd=two), 2, "was made without the agent 'new'", "makes it anew")
    assert contents(two) == before


def test_a_lock_that_is_there_already(two: Path) -> None:
    _, second = ids(two)
    for more in ((), ("--dry-run",)):
        done = run(*BACK, "--to", second, *more, cwd=two)
        assert done.code == 0
        assert done.out == f"app is at {second} already: nothing changes\n"


def test_locks_that_are_gone_come_back(two: Path) -> None:
    before = contents(two)
    _, second = ids(two)
    shutil.rmtree(two / "locks")
    done = run(*BACK, cwd=two, env={"DOCKER_HOST": "unix:///nowhere/to/be.sock"})
    assert done.code == 0, done.err
    assert done.out.startswith(f"app: what lies in locks/ -> {second}\n  idna  comes, 3.10\n")
    assert contents(two) == before


def test_a_lock_that_was_changed_by_hand_is_kept_and_not_gone_back_to(two: Path) -> None:
    first, second = ids(two)
    path = two / "locks/app/requirements.txt"
    path.write_text(path.read_text().replace("idna==3.10", "idna==3.4"))
    before = contents(two)
    done = run("rollback", "app", "--list", cwd=two)
    assert "is not kept yet" in done.err
    done = run(*BACK, cwd=two)
    assert done.code == 0, done.err
    assert pin(two) == "idna==3.10", "the last that was proven"
    *_, third = ids(two)
    assert ids(two) == [first, second, third]
    kept = two / ".pruner/app/accepted" / third
    assert {name: (kept / name).read_bytes() for name in before} == before
    assert_error(run(*BACK, "--to", third, cwd=two), 2, "was never proven: requirements.txt and")


def test_what_is_damaged_is_passed_over(two: Path) -> None:
    locked(two, "idna==3.4")
    first, second, third = ids(two)
    (two / ".pruner/app/accepted" / second / "pylock.toml").write_text("")
    done = run("rollback", "app", "--list", cwd=two)
    assert done.code == 0
    line = f".pruner/app/accepted/{second}/pylock.toml: is not what was kept"
    assert done.err == f"warning: {line}; passed over\n"
    assert second not in done.out
    assert_error(run(*BACK, "--to", second, cwd=two), 2, line)
    done = run(*BACK, cwd=two)
    assert done.code == 0, done.err
    assert done.out.startswith(f"app: {third} -> {first}\n")
    assert pin(two) == "idna==3.9"


def proving(root: Path) -> "subprocess.Popen[str]":
    """Start to go back, and wait until the agent runs."""
    process = start(*BACK, cwd=root)
    assert process.stderr is not None
    assert any(line.startswith("run agent ...") for line in process.stderr)
    assert until(lambda: processes_of(process.pid), bool)
    return process


def slow(root: Path) -> None:
    """Have the agent wait until `go_on`."""
    (root / "wait").touch()


def go_on(root: Path) -> None:
    (root / "wait").unlink()


@pytest.mark.gc
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "int"])
def test_ended_in_the_middle(two: Path, number: int) -> None:
    before, kept = contents(two), ids(two)
    slow(two)
    process = proving(two)
    process.send_signal(number)
    done = finish(process)
    assert (
        done.code == {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130}[signal.Signals(number)]
    )
    assert contents(two) == before
    assert ids(two) == kept
    go_on(two)
    assert run("gc", cwd=two).code == 0
    assert_nothing_left(done.pid)
    done = run(*BACK, cwd=two)
    assert done.code == 0, done.err
    assert pin(two) == "idna==3.9"
    assert ids(two) == kept, "gc leaves what was accepted"


def test_two_at_once_go_back_once(two: Path) -> None:
    locked(two, "idna==3.4")
    slow(two)
    first = proving(two)
    second = start(*BACK, cwd=two)
    assert second.stderr is not None
    assert second.stderr.readline() == "waiting for another pruner on app\n"
    go_on(two)
    assert finish(first).code == 0
    done = finish(second)
    assert done.code == 0, done.err
    assert done.out.endswith("already: nothing changes\n")
    assert pin(two) == "idna==3.10"


def test_what_a_person_changes_meanwhile_is_kept(two: Path) -> None:
    slow(two)
    process = proving(two)
    (two / "locks/app/Dockerfile").write_text("FROM scratch\n")
    go_on(two)
    done = finish(process)
    assert done.code == 0, done.err
    kept = two / ".pruner/app/accepted" / ids(two)[-1]
    assert (kept / "Dockerfile").read_text() == "FROM scratch\n"
    assert not (two / "locks/app/Dockerfile").exists()


def test_a_lock_waits_for_a_rollback(two: Path) -> None:
    kept = ids(two)
    slow(two)
    first = proving(two)
    (two / "requirements.txt").write_text("idna==3.4\n")
    second = start(*LOCK, cwd=two)
    assert second.stderr is not None
    assert any(line.startswith("run agent ...") for line in second.stderr)
    go_on(two)
    for process in (first, second):
        done = finish(process)
        assert done.code == 0, done.err
    assert pin(two) == "idna==3.4", "whoever is done last has the last word"
    rows = told(run("rollback", "app", "--list", "--json", cwd=two))["accepted"]
    assert [row["id"] for row in rows][:2] == kept
    assert rows[-1]["after"] == kept[0]


# --- a lock that fails -----------------------------------------------------------------------


@contextmanager
def untouched(root: Path) -> Iterator[None]:
    """Check that neither the lock nor anything that was accepted is changed, nor more kept."""
    folder = root / ".pruner/app/accepted"

    def seen() -> dict[str, bytes]:
        files = [*(root / "locks").rglob("*"), *folder.rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    before = seen()
    yield
    assert seen() == before


def test_a_lock_that_fails_leaves_the_last_good_ones(two: Path) -> None:
    with untouched(two):
        (two / "versions.txt").write_text("")
        assert_error(run(*LOCK, cwd=two), 4, "it ended with 1")
        (two / "versions.txt").write_text("3.10\n")
        away = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "PRUNER_CACHE": str(two / "c")}
        assert run(*LOCK, cwd=two, env=away).code == 3
        (two / "requirements.txt").write_text("idna==3.10\nno-such-distribution-at-all==1\n")
        assert run(*LOCK, cwd=two).code == 2
        (two / "requirements.txt").write_text("idna==3.10\n")
        slow(two)
        process = start(*LOCK, cwd=two)
        assert process.stderr is not None
        assert any(line.startswith("run agent ...") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert finish(process).code == 130


UNPROVABLE = """\
import importlib.metadata, sys
import idna
names = {dist.metadata["Name"] for dist in importlib.metadata.distributions()}
if "tabulate" not in names:
    sys.exit(9)
"""


def test_a_lock_that_cannot_be_proven_leaves_the_last_good_ones(two: Path) -> None:
    (two / "app/__main__.py").write_text(UNPROVABLE)
    (two / "requirements.txt").write_text("idna==3.9\ntabulate==0.9.0\n")
    with untouched(two):
        done = run(*LOCK, cwd=two)
        assert done.code == 1, done.err + done.out
        assert "NOT PROVEN" in done.out
    assert (two / ".pruner/app/unproven/requirements.txt").is_file()
    assert len(ids(two)) == 2


def test_where_nothing_can_be_kept_nothing_is_replaced(two: Path) -> None:
    """A store that cannot be written to is told, and the lock stays."""
    before = contents(two)
    shutil.rmtree(two / ".pruner/app/accepted")
    (two / ".pruner/app/accepted").write_text("")
    (two / "requirements.txt").write_text("idna==3.4\n")
    assert_error(run(*LOCK, cwd=two), 3, "cannot write")
    assert contents(two) == before


# --- as it is seen ---------------------------------------------------------------------------


def test_a_reader_that_leaves(two: Path) -> None:
    argv = [str(PRUNER), "rollback", "app", "--list"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        argv, cwd=two, env=environment(), stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.engine
@pytest.mark.parametrize("runtime", ["local", "docker"])
def test_the_tag_goes_back_too(tmp_path: Path, runtime: str) -> None:
    root = root_of(tmp_path)
    name = f"rollback-{os.getpid()}"
    config = (root / "pruner.toml").read_text()
    (root / "pruner.toml").write_text(config.replace("images.app", f"images.{name}"))
    argv = ("--image", name, "--once", "--runtime", runtime)
    for version in ("3.9", "3.10"):
        (root / "requirements.txt").write_text(f"idna=={version}\n")
        done = run("lock", *argv, cwd=root)
        assert done.code == 0, done.err
    listed = told(run("rollback", name, "--list", "--json", cwd=root))["accepted"]
    first, second = (row["id"] for row in listed)
    with tiny(f"pruner/{name}", second, "current"), tiny(f"pruner/{name}", first) as image:
        done = run("rollback", name, "--runtime", runtime, "--json", cwd=root)
        assert done.code == 0, done.err
        assert_nothing_left(done.pid)
        assert told(done)["tag"] == {"state": "moved", "name": f"pruner/{name}:current"}
        assert client().images.get(f"pruner/{name}:current").id == image
