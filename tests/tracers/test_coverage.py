"""Measuring in real interpreters, beside the tracer, as a sandbox starts both."""

import os
import signal
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest

from pruner.sandbox.base import Measure
from pruner.sandbox.entering import entry
from pruner.sandbox.measuring import lay_out, library
from pruner.sandbox.workspace import copy_tracers
from pruner.trace.events import Events, read_events
from pruner.trace.lines import Lines, read_lines
from support import VERSIONS, interpreter, until


class Place:
    """A virtual environment, the tracers with an order to measure, and a first-party folder."""

    def __init__(self, root: Path, python: str, copy: Path | None = None) -> None:
        self.tools, self.app = root / "tools", root / "app"
        self.tools.mkdir()
        self.app.mkdir()
        copy_tracers(self.tools)
        (self.tools / "out").mkdir()
        order = Measure(library=copy or fitting(python, root), sources=(str(self.app),))
        lay_out(order, self.tools, str(self.tools))
        subprocess.run([python, "-m", "venv", "--without-pip", str(root / "venv")], check=True)
        self.python = root / "venv" / "bin" / "python"
        (self.site,) = root.glob("venv/lib/python3*/site-packages")
        for kind in (".pth", ".start"):
            text = entry(kind, str(self.tools), measured=True)
            (self.site / f"00_pruner{kind}").write_text(text)

    def start(self, program: str, **env: str) -> subprocess.Popen[str]:
        """Start a program, its output in pipes."""
        (self.app / "program.py").write_text(textwrap.dedent(program))
        return subprocess.Popen(
            [self.python, self.app / "program.py"],
            cwd=self.app,
            env=os.environ | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str, **env: str) -> str:
        """Run a program to its end; return what it printed. It may print no error."""
        with self.start(program, **env) as process:
            out, errors = process.communicate(timeout=60)
        assert (errors, process.returncode) == ("", 0)
        return out

    def lines(self) -> Lines:
        """Read what was measured."""
        return read_lines(self.tools / "lines")

    def ran(self, name: str = "program.py") -> list[int]:
        """Return the lines of a first-party file that ran."""
        return sorted(self.lines().ran.get(str(self.app / name), ()))

    def events(self) -> Events:
        """Read what the tracer recorded."""
        return read_events(self.tools / "out")


@cache
def fitting(python: str, desk: Path) -> Path:
    """Return the copy of coverage.py for an interpreter."""
    show = "import platform as p; print(p.python_version(), p.machine())"
    done = subprocess.run([python, "-c", show], check=True, capture_output=True, text=True)
    version, machine = done.stdout.split()
    return library(version, machine, desk)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, sys.executable)


EVERYTHING = """\
import os, subprocess, sys, threading
def never():
    print("not this")
def thread():
    x = 1
def child():
    x = 2
def parent():
    x = 3
thread_ = threading.Thread(target=thread)
thread_.start(); thread_.join()
pid = os.fork()
if not pid:
    child()
    os._exit(0)
os.waitpid(pid, 0)
parent()
subprocess.run([sys.executable, "-I", "isolated.py"], env={}, check=True)
if not os.fork():
    y = 4
    os.execv(sys.executable, [sys.executable, "replaced.py"])
os.wait()
try:
    import coverage
except ImportError:
    print("no coverage", [name for name in sys.modules if name.startswith("coverage")])
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_process_of_every_version(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    place = Place(tmp_path, python)
    (place.app / "isolated.py").write_text("def f():\n    pass\n\nx = 1\n")
    (place.app / "replaced.py").write_text("x = 1\n")
    # 3.13.0 counts the threads that a fork finds only after they have been started again.
    env = {"PYTHONWARNINGS": "ignore::DeprecationWarning"} if version == "3.13" else {}
    assert place.run(EVERYTHING, **env) == "no coverage []\n"
    assert place.lines().failures == ()
    assert place.ran() == sorted(set(range(1, 27)) - {3})
    assert place.ran("isolated.py") == [1, 4]
    assert place.ran("replaced.py") == [1]
    files = [item.file for item in place.events().loaded]
    assert [file for file in files if "/coverage/" in file and file.endswith(".py")] == []


def test_what_was_run_before_a_kill_is_known(place: Place) -> None:
    program = """\
        import time
        def work():
            return 1
        def unused():
            return 2
        work()
        print("up", flush=True)
        time.sleep(600)
    """
    with place.start(program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        ran = until(place.ran, lambda lines: 8 in lines)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert ran == place.ran() == [1, 2, 3, 4, 6, 7, 8]


def test_signals_find_the_main_thread(place: Place) -> None:
    program = """\
        import os, signal
        def heard(number, frame):
            print("heard", number)
        signal.signal(signal.SIGTERM, heard)
        print("up", flush=True)
        signal.pause()
    """
    with place.start(program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        until(place.ran, lambda lines: 6 in lines)
        process.terminate()
        out, errors = process.communicate(timeout=30)
    assert (out, errors, process.returncode) == ("heard 15\n", "", 0)
    assert place.ran() == [1, 2, 3, 4, 5, 6]


def test_threads_that_the_agent_counts_are_its_own(place: Place) -> None:
    program = """\
        import threading
        print(threading.active_count(), [each.name for each in threading.enumerate()])
    """
    assert place.run(program) == "1 ['MainThread']\n"


def test_the_agents_own_coverage_is_the_one_that_it_finds(place: Place) -> None:
    (place.site / "coverage").mkdir()
    (place.site / "coverage" / "__init__.py").write_text("from coverage.mine import name\n")
    (place.site / "coverage" / "mine.py").write_text("name = 'the own one'\n")
    program = """\
        import coverage
        print(coverage.name, coverage.mine.__file__)
    """
    assert place.run(program) == f"the own one {place.site}/coverage/mine.py\n"
    assert place.ran() == [1, 2]
    loaded = {item.what: item.file for item in place.events().loaded}
    assert loaded["coverage.mine"] == f"{place.site}/coverage/mine.py"


def test_nothing_that_is_installed_is_loaded_for_it(place: Place) -> None:
    for name in ("tomli", "greenlet", "sqlite3", "json", "ssl"):
        (place.site / f"{name}.py").write_text("raise SystemExit('this was loaded')\n")
    assert place.run("print('fine')\n") == "fine\n"
    assert place.ran() == [1]
    assert [item.what for item in place.events().loaded if item.what == "tomli"] == []


def test_a_process_that_is_not_traced_is_not_measured(place: Place) -> None:
    program = """\
        import subprocess, sys
        subprocess.run([sys.executable, "other.py"], env={}, check=True)
    """
    (place.app / "other.py").write_text("x = 1\n")
    place.run(program, PRUNER_TRACER="off")
    assert place.lines() == Lines()


def test_a_copy_that_cannot_be_used_harms_nobody(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "coverage").mkdir(parents=True)
    (broken / "coverage" / "__init__.py").write_text("raise RuntimeError('no\\nuse')\n")
    place = Place(tmp_path, sys.executable, broken)
    assert place.run("import sys; print('coverage' in sys.modules)\n") == "False\n"
    assert place.lines() == Lines(failures=("RuntimeError: no\\nuse",))
    assert "pruner_coverage" in {item.what for item in place.events().loaded}


def test_a_folder_that_is_not_there_is_no_order_to_measure_all(place: Place) -> None:
    order = place.tools / "measure.json"
    order.write_text(order.read_text().replace(str(place.app), "json"))
    place.run("x = 1\n")
    (why,) = place.lines().failures
    assert "none of the first-party folders is there" in why
