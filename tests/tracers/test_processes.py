"""Threads, forks, children, and sudden ends."""

import signal
from pathlib import Path

import pytest

from traced import Home


def test_a_thread(home: Home) -> None:
    home.module("inside")
    home.run(
        """\
        import threading
        thread = threading.Thread(target=__import__, args=("inside",))
        thread.start()
        thread.join()
        """
    )
    assert home.knows("inside")


def test_a_subinterpreter(each: Home) -> None:
    each.module("inside")
    each.run(
        """\
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        number = interpreters.create()
        interpreters.run_string(number, "import inside")
        interpreters.destroy(number)
        """
    )
    assert each.knows("inside")


def test_a_fork_writes_its_own_file(each: Home) -> None:
    each.module("before")
    each.module("inside")
    each.run(
        """\
        import os, before
        child = os.fork()
        if child == 0:
            import inside
            os._exit(0)
        os.waitpid(child, 0)
        """
    )
    parent, child = sorted(each.events().processes, key=lambda process: process.inherits or "")
    assert each.knows("before", "inside")
    assert child.ppid == parent.pid
    assert child.inherits is not None
    assert child.inherits.startswith(f"{parent.pid}-")


def test_forks_under_threads_that_import(home: Home) -> None:
    names = [f"module_{number}" for number in range(200)]
    for name in names:
        home.module(name)
    home.run(
        f"""\
        import importlib, os, threading
        names = {names!r}
        threads = [
            threading.Thread(target=list, args=(map(importlib.import_module, names[at::4]),))
            for at in range(4)
        ]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                import colorsys
                os._exit(0)
            os.waitpid(child, 0)
        for thread in threads:
            thread.join()
        """,
        *(["-W", "ignore"]),
    )
    assert home.knows(*names)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(each: Home, method: str) -> None:
    each.module("inside", "def work():\n    import deeper\n")
    each.module("deeper")
    each.run(
        f"""\
        import multiprocessing

        def work():
            import inside
            inside.work()

        if __name__ == "__main__":
            process = multiprocessing.get_context({method!r}).Process(target=work)
            process.start()
            process.join()
        """
    )
    assert each.knows("inside", "deeper")


@pytest.mark.parametrize("start", ["isolated", "empty environment", "both"])
def test_a_child_that_ignores_its_surroundings(each: Home, start: str) -> None:
    each.module("inside")
    options = '"-I", ' if start != "empty environment" else ""
    env = "None" if start == "isolated" else "{}"
    each.run(
        f"""\
        import subprocess, sys
        child = [sys.executable, {options}"-c", "import inside"]
        subprocess.run(child, env={env}, check=True)
        """
    )
    assert each.knows("inside")
    assert len(each.events().processes) == 2
    assert [Path(item.what).name for item in each.events().spawned] == ["python"]


def test_a_program_that_replaces_its_process(home: Home) -> None:
    home.module("before")
    home.module("after")
    home.run(
        """\
        import os, sys, before
        os.execve(sys.executable, [sys.executable, "-I", "-c", "import after"], {})
        """
    )
    assert home.knows("before", "after")
    first, second = home.events().processes
    assert first.pid == second.pid
    assert len(home.events().spawned) == 1


def test_sigkill_loses_nothing(each: Home) -> None:
    names = [f"module_{number}" for number in range(50)]
    for name in names:
        each.module(name)
    each.run(
        f"""\
        import {", ".join(names)}
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        code=-signal.SIGKILL,
    )
    assert each.knows(*names)
    assert each.events().torn == ()


@pytest.mark.parametrize(
    "ending", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGTERM)", "os.abort()"]
)
def test_a_sudden_end_right_after_an_import(home: Home, ending: str) -> None:
    home.module("last")
    with home.start(f"import os, signal, last; {ending}") as process:
        process.communicate(timeout=60)
    assert home.knows("last")
    assert home.events().torn == ()
