"""However pruner ends, nothing of a run is left; what a killed one leaves, `pruner gc` removes."""

import fcntl
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement

from pruner.sandbox import uv
from support import (
    PRUNER,
    assert_error,
    assert_nothing_left,
    environment,
    finish,
    folders_of,
    in_engine,
    place_lock,
    processes_of,
    project,
    run,
    start,
    until,
)

BOTH = pytest.mark.parametrize(
    "runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)]
)
LOCK = ("lock", "--image", "app")

# Deaf to SIGTERM, with a child that is deaf to it too and in a session of its own.
DEAF = """\
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    os.setsid()
    if not os.fork():
        time.sleep(600)
    time.sleep(600)
print("up", flush=True)
time.sleep(600)
"""
UP = """ready = { log = "up", timeout = 30 }
exercise = [{ run = ["python", "-c", "import time; time.sleep(600)"], timeout = 500 }]"""


def wait_for_the_agent(process: subprocess.Popen[str], runtime: str) -> None:
    """Wait until the agent of a pruner runs, and is in the middle of its exercise."""
    seen = ""
    assert process.stderr is not None
    for line in process.stderr:
        seen += line
        if line.startswith("run agent ..."):
            break
    what = in_engine if runtime == "docker" else processes_of
    assert until(lambda: what(process.pid), bool), seen
    time.sleep(1.5)
    assert process.poll() is None, seen


@BOTH
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_interrupted(tmp_path: Path, runtime: str, number: int, code: int) -> None:
    root = project(tmp_path, code=DEAF, agent=UP)
    unharmed = place_lock(root)
    process = start(*LOCK, "--runtime", runtime, cwd=root)
    wait_for_the_agent(process, runtime)
    process.send_signal(number)
    done = finish(process, timeout=40)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert len(done.lines("error:")) <= 1
    assert_nothing_left(done.pid)
    unharmed()


@BOTH
@pytest.mark.parametrize("step", ["install the original ...", "install the lock ..."])
def test_interrupted_while_installing(tmp_path: Path, runtime: str, step: str) -> None:
    dockerfile = "FROM python:3.11-slim\nRUN pip install idna==3.10\nCOPY . .\nRUN sleep 2\n"
    root = project(tmp_path)
    if "original" in step:
        (root / "Dockerfile").write_text(dockerfile)
    process = start(*LOCK, "--runtime", runtime, cwd=root)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(step):
            break
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    done = finish(process, timeout=40)
    assert done.code == 130, done.err
    assert "error: interrupted" in done.err
    assert_nothing_left(done.pid)
    if runtime == "docker":
        time.sleep(3)  # a build that went on would have made its image by now
        assert_nothing_left(done.pid)


@BOTH
def test_impatient(tmp_path: Path, runtime: str) -> None:
    """Ctrl-C again and again: the removal is not cut short."""
    root = project(tmp_path, code=DEAF, agent=UP)
    process = start(*LOCK, "--runtime", runtime, cwd=root)
    wait_for_the_agent(process, runtime)
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    done = finish(process, timeout=10)
    assert done.code == 130, done.err
    assert "Traceback" not in done.err, done.err
    assert_nothing_left(done.pid)


@pytest.mark.gc
def test_killed_takes_its_local_processes_with_it(tmp_path: Path) -> None:
    root = project(tmp_path, code=DEAF, agent=UP)
    process = start(*LOCK, "--runtime", "local", cwd=root)
    wait_for_the_agent(process, "local")
    process.kill()
    finish(process)
    assert until(lambda: processes_of(process.pid), lambda left: not left) == []
    assert folders_of(process.pid), "the folder stays until gc comes"
    removed = msgspec.json.decode(run("gc", "--json", cwd=root).out)
    assert set(folders_of(process.pid)) == set()
    assert any(name.startswith(f"{process.pid}-") for name in removed["folders"])
    assert_nothing_left(process.pid)


@pytest.mark.gc
def test_gc_empties_the_cache_where_it_is_told_to(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch = [str(uv.binary()), "pip", "install", "--target", str(tmp_path / "there"), "idna==3.10"]
    fetch += ["--cache-dir", str(cache / "uv")]
    subprocess.run(fetch, check=True, capture_output=True)
    env = {"PRUNER_CACHE": str(cache), "UV_LOCK_TIMEOUT": "1"}
    assert run("gc", cwd=tmp_path, env=env).code == 0
    assert list(cache.rglob("idna"))
    with (cache / "uv" / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        refused = run("gc", "--cache", cwd=tmp_path, env=env)
        assert refused.code == 3
        assert "hint: another run installs with it" in refused.err
        assert list(cache.rglob("idna"))
    removed = msgspec.json.decode(run("gc", "--cache", "--json", cwd=tmp_path, env=env).out)
    assert removed["cache_bytes"] > 0
    assert not list(cache.rglob("idna"))
    again = run("gc", "--cache", cwd=tmp_path, env=env)
    assert again.out.endswith("removed 0 B of the cache\n")


@pytest.mark.engine
def test_gc_removes_what_a_killed_run_left_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    services = """
[images.app.services.redis]
image = "redis:7"
ready = 6379
"""
    root = project(tmp_path, code=DEAF, agent=f'network = "services"\n{UP}', image=services)
    with ExitStack() as stack:
        victim, living = (start(*LOCK, "--runtime", "docker", cwd=root) for _ in range(2))
        for process in (victim, living):
            stack.callback(finish, process)
            stack.callback(process.terminate)
            wait_for_the_agent(process, "docker")
        victim.kill()
        finish(victim)
        assert {what.split()[0] for what in in_engine(victim.pid)} == {
            "container", "network", "image",
        }  # fmt: skip
        before = sorted(in_engine(living.pid))
        left = in_engine(victim.pid)
        others = run("gc", cwd=root, env={"PRUNER_CACHE": str(tmp_path / "another")})
        assert others.out == "nothing was left\n"
        assert in_engine(victim.pid) == left
        assert sorted(in_engine(living.pid)) == before
        assert run("gc", cwd=root).code == 0
        assert_nothing_left(victim.pid)
        assert sorted(in_engine(living.pid)) == before
        assert folders_of(living.pid)
        assert run("gc", cwd=root).code == 0
        living.send_signal(signal.SIGINT)
        assert finish(living).code == 130
    assert_nothing_left(living.pid)


@BOTH
def test_two_runs_at_once(tmp_path: Path, runtime: str) -> None:
    root = project(tmp_path)
    both = [start(*LOCK, "--runtime", runtime, cwd=root) for _ in range(2)]
    for process in both:
        done = finish(process)
        assert done.code == 0, done.err
        assert_nothing_left(done.pid)
    lock = root / "locks/app"
    assert sorted(path.name for path in lock.iterdir()) == [
        "pruner_guard.pth", "pruner_guard.py", "pylock.toml", "requirements.txt", "verdicts.json",
    ]  # fmt: skip
    assert [item.name for item in pins(lock / "requirements.txt")] == ["idna"]
    assert run("verify", "app", "--runtime", runtime, cwd=root).code == 0


def pins(path: Path) -> Iterator[Requirement]:
    """Yield the pins of a lock."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0].isalpha():
            yield Requirement(line.rstrip(" \\"))


@pytest.mark.parametrize("flag", ["--json", "--kept"])
def test_closed_pipe(tmp_path: Path, flag: str) -> None:
    root = project(tmp_path)
    process = start(*LOCK, "--runtime", "local", flag, cwd=root)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    done = finish(process)
    assert "Traceback" not in done.err
    assert "BrokenPipe" not in done.err
    assert done.code == 0, done.err
    assert (root / "locks/app/requirements.txt").is_file()
    assert_nothing_left(process.pid)


def test_closed_stderr(tmp_path: Path) -> None:
    root = project(tmp_path)
    process = start(*LOCK, "--runtime", "local", "--json", cwd=root)
    assert process.stderr is not None
    process.stderr.close()
    process.stderr = None
    finish(process)
    assert_nothing_left(process.pid)


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_escape_codes_in_a_pipe(tmp_path: Path, variables: dict[str, str]) -> None:
    done = run(*LOCK, "--runtime", "local", "--kept", cwd=project(tmp_path), env=variables)
    assert done.code == 0
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), (None, True)])
def test_colours_on_a_terminal(tmp_path: Path, no_color: str | None, coloured: bool) -> None:  # noqa: FBT001
    text = on_a_terminal(project(tmp_path), {"NO_COLOR": no_color, "TERM": "xterm-256color"})
    assert "proven in 1 round" in text
    assert ("\x1b[32m" in text or "\x1b[1;32m" in text) == coloured, text


def on_a_terminal(root: Path, variables: dict[str, str | None]) -> str:
    """Run a lock with a terminal for its output, and return all that it printed there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(PRUNER), *LOCK, "--runtime", "local"],
        cwd=root, env=environment(variables), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    os.close(ours)
    assert process.wait(60) == 0, text
    assert_nothing_left(process.pid)
    return text.decode()


def test_error_after_the_lock_was_written_by_hand(tmp_path: Path) -> None:
    """What a person made of the last lock is overwritten only by a proven one."""
    root = project(tmp_path, code="raise SystemExit(1)\n")
    unharmed = place_lock(root)
    assert_error(run(*LOCK, "--runtime", "local", cwd=root), 4, "it ended with 1")
    unharmed()
