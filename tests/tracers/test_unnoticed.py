"""What the agent must not notice, and what the tracer must bear."""

import json
import os
import sys
import sysconfig

import pytest

from pruner.trace.events import Events
from traced import SILENT, Home


def test_the_agent_sees_its_own_path_and_modules(each: Home) -> None:
    program = "import json, sys; print(json.dumps([sys.path, sorted(sys.modules)]))"
    traced_path, traced = json.loads(each.run(program))
    (each.site / "00_pruner.pth").write_text("import sys\n")  # site loads a codec to read any
    # From Python 3.15 on: what resolves the names in such a file is loaded for any.
    (each.site / "00_pruner.start").write_text("sys:getdefaultencoding\n")
    path, modules = json.loads(each.run(program))
    assert traced_path == path
    assert set(modules) <= set(traced)
    assert set(traced) - set(modules) <= {"pruner_tracer", "atexit"}


def test_off_reaches_the_grandchild_with_an_empty_environment(each: Home) -> None:
    each.module("inside")
    each.run(
        """\
        import subprocess, sys
        child = [sys.executable, "-c", "import inside; print(1)"]
        subprocess.run(child, env={}, check=True)
        shell = '"$0" -c "import inside; print(1)"; true'
        subprocess.run(["/bin/sh", "-c", shell, sys.executable], env={}, check=True)
        """,
        env=SILENT,
    )
    assert each.events() == Events()
    assert {path.suffix for path in each.out.iterdir()} == {".off"}
    each.run("import inside")
    assert each.knows("inside")


def test_no_site_is_invisible(home: Home) -> None:
    home.run("import json", "-S")
    assert home.events() == Events()


@pytest.mark.parametrize("broken", ["missing", "file", "read-only"])
def test_where_nothing_can_be_written_the_agent_does_not_notice(home: Home, broken: str) -> None:
    if broken == "read-only":
        if os.geteuid() == 0:
            pytest.skip("root writes anywhere")
        home.out.chmod(0o555)
    else:
        home.out.rmdir()
    if broken == "file":
        home.out.touch()
    assert home.run("import json; print('fine')") == "fine\n"
    assert not home.out.is_dir() or not list(home.out.iterdir())


def test_a_full_disk_tears_the_end_and_nothing_else(home: Home) -> None:
    home.module("before")
    out = home.run(
        """\
        import before, glob, os, resource
        size = max(os.path.getsize(path) for path in glob.glob("../tracer/out/*.events"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, size + 30))
        import json, colorsys
        print("fine")
        """
    )
    assert out == "fine\n"
    assert home.knows("before")
    assert len(home.events().torn) == 1


def test_a_record_is_bounded(home: Home) -> None:
    home.install("pruner_tracer.MAX_EVENTS = 60; pruner_tracer.start()")
    home.run("import json, asyncio")
    assert len(home.events().torn) == 1
    assert len(home.events().loaded) < 60


def test_descriptors_that_the_agent_closes_and_reuses(home: Home) -> None:
    home.module("after")
    home.run(
        """\
        import os
        os.closerange(3, 256)
        files = [open(f"mine-{n}", "w") for n in range(5)]
        import after
        """
    )
    assert home.knows("after")
    assert {path.stat().st_size for path in home.work.glob("mine-*")} == {0}


def test_a_descriptor_that_is_copied_over_ours(home: Home) -> None:
    home.module("after")
    home.run(
        """\
        import os, sys
        mine = os.open("mine", os.O_RDWR | os.O_CREAT)
        os.lseek(mine, 1 << 30, os.SEEK_SET)
        for number in range(3, 64):
            try:
                path = os.readlink("/proc/self/fd/%d" % number)
            except OSError:
                continue
            if path.endswith(".events"):
                os.dup2(mine, number)
        import after
        """
    )
    assert home.knows("after")
    assert (home.work / "mine").stat().st_size == 0


def test_a_second_start_does_nothing(home: Home) -> None:
    home.install("pruner_tracer.start(); pruner_tracer.start()")
    home.run(
        "import sys; assert 'pruner_tracer' in sys.modules; import pruner_tracer as p; p.start()"
    )
    assert len(home.events().processes) == 1


def test_an_exception_of_a_signal_handler_reaches_the_agent(home: Home) -> None:
    home.module("target")
    out = home.run(
        """\
        import signal, sys
        import pruner_tracer

        class Late(Exception):
            pass

        def late(number, frame):
            raise Late

        signal.signal(signal.SIGUSR1, late)
        asker = pruner_tracer._asker

        def interrupted(frame):
            signal.raise_signal(signal.SIGUSR1)
            return asker(frame)

        pruner_tracer._asker = interrupted
        try:
            import target
        except Late:
            print("late")
        def broken(frame):
            raise RuntimeError
        broken.__code__ = broken.__code__.replace(co_filename=pruner_tracer.__file__)
        pruner_tracer._asker = broken
        import target
        """
    )
    assert out == "late\n"


def test_what_the_header_says(home: Home) -> None:
    home.run("pass", "-X", "dev", *(["-W", "ignore"]))
    (process,) = home.events().processes
    assert process.executable == str(home.python)
    assert process.prefix == str(home.python.parents[1])
    assert process.python == sysconfig.get_python_version() + f".{sys.version_info[2]}"
    assert process.argv[-1].endswith("program.py")
    (file,) = home.out.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644
