"""Record which first-party lines this interpreter runs, into the folder `lines` beside this file.

Started by the same `.pth` file as the tracer, before it, and only where `measure.json` beside this
file asks for it:

    {"library": folder with a copy of coverage.py, "sources": [folders to measure]}

coverage.py does the measuring. Its copy is on sys.path only while it is imported, and afterwards
no name of it is left in sys.modules: the agent finds the `coverage` that it would find anyway, or
none. A thread without a name, that takes no signal, writes what was gathered several times a
second: a file is written beside and renamed, so a kill costs the last moment and never the file.
Whatever fails, the agent goes on, and the file says why nothing was measured. Python 3.8 and newer.

Format `pruner-lines`, version 1, one file a process, `<pid>-<8 hex>.lines`:

    {"format": "pruner-lines", "version": 1, "why": "", "files": {"/app/a.py": [1, 2, 5]}}
"""

import atexit
import json
import os
import signal
import sys
from _thread import allocate_lock, get_native_id, start_new_thread
from time import sleep

TYPE_CHECKING = False  # what type checkers take for true, without typing
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from typing import Any

    Data = dict[str, set[int]]

FORMAT = "pruner-lines"
VERSION = 1

PERIOD_S = 0.2
PATIENCE_S = 1.0  # for the other thread to end its write; a handler may have interrupted our own
ATTEMPTS = 3
LOOK_S, MOST_LOOKS = 0.0005, 100  # for the kernel to take a thread off its list
MAX_WHY = 300

_HOME = os.path.dirname(os.path.abspath(__file__))
_OUT = _HOME + "/lines"
_LIB = os.path.dirname(os.__file__)
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


class _Lines:
    """The file of this process, and the thread that writes it; a fork goes on in a new one."""

    def __init__(self, data: "Data") -> None:
        self.data = data

    def begin(self) -> None:
        """Name a new file, and keep it up to date."""
        self.path = _new_path()
        self.written = -1
        self.lock = allocate_lock()
        self.go()

    def go(self) -> None:
        """Start the thread."""
        self.thread = 0
        self.wake, self.gone = allocate_lock(), allocate_lock()
        self.wake.acquire()
        self.gone.acquire()
        # A signal that this thread took would not wake the agent's main thread from a wait.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            start_new_thread(self.keep, (self.wake, self.gone))
        except RuntimeError:  # no thread more is allowed: the next fork is not to wait for this one
            self.gone.release()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def keep(self, wake: "LockType", gone: "LockType") -> None:
        """Write what is new, until the thread is told to end."""
        self.thread = get_native_id()
        while not wake.acquire(timeout=PERIOD_S):
            self.save()
        gone.release()

    def pause(self) -> None:
        """End the thread before a fork, of which Python would warn."""
        self.wake.release()
        self.gone.acquire(timeout=PATIENCE_S)
        for _ in range(MOST_LOOKS):
            if not os.path.exists("/proc/self/task/%d" % self.thread):
                break
            sleep(LOOK_S)

    def save(self) -> None:
        """Write what was gathered, if there is more than the last time. Never raises."""
        lock = self.lock
        if not lock.acquire(timeout=PATIENCE_S):
            return
        try:
            files = self.gathered()
            count = sum(map(len, files.values()))
            if count != self.written:
                _write(self.path, "", files)
                self.written = count
        except Exception:  # noqa: BLE001  an agent must not fail because it is measured
            return
        finally:
            lock.release()

    def gathered(self) -> "Data":
        """Return a copy of what coverage.py has gathered, while other threads add to it."""
        # Its own way to hand out the data empties it, and what runs in between is lost.
        for attempt in range(ATTEMPTS):
            try:
                return {file: lines.copy() for file, lines in self.data.copy().items() if lines}
            except RuntimeError:  # changed while it was copied, where no GIL prevents that
                if attempt == ATTEMPTS - 1:
                    raise
        return {}


def _new_path() -> str:
    return "%s/%d-%s.lines" % (_OUT, os.getpid(), os.urandom(4).hex())


def _write(path: str, why: str, files: "Data") -> None:
    """Write one file, whole or not at all."""
    text = json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "why": why[:MAX_WHY],
            "files": {file: sorted(lines) for file, lines in files.items()},
        }
    )
    part = "%s.part" % path
    descriptor = os.open(part, _FLAGS, 0o644)
    try:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(descriptor, data) :]
        os.fchmod(descriptor, 0o644)  # whatever the agent's umask is
    finally:
        os.close(descriptor)
    os.rename(part, path)


def _load(library: str) -> "Any":  # noqa: ANN401
    """Import coverage.py from its copy, with nothing but the standard library beside it."""
    before, own = list(sys.path), _taken()
    standard = [
        path
        for path in before
        if (path == _LIB or path.startswith(_LIB + "/") or path.endswith(".zip"))
        and "-packages" not in path
    ]
    sys.path[:] = [library, *standard]
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        import coverage  # noqa: PLC0415  only now can it be found

        return coverage
    finally:
        sys.path[:] = before
        sys.path_importer_cache.pop(library, None)
        sys.dont_write_bytecode = writes
        _taken()
        sys.modules.update(own)


def _taken() -> "dict[str, Any]":
    """Take every module named `coverage`, or below that, out of sys.modules."""
    names = [name for name in list(sys.modules) if name.partition(".")[0] == "coverage"]
    return {name: sys.modules.pop(name) for name in names}


def _gathering(order: "dict[str, Any]") -> "Data":
    """Start to measure; return the sets of lines that coverage.py adds to."""
    # It imports the parents of a source that is no folder, and measures everything without one.
    sources = [path for path in order["sources"] if os.path.isdir(path)]
    if not sources:
        raise LookupError("none of the first-party folders is there")
    measured = _load(order["library"]).Coverage(
        data_file=None,
        config_file=False,
        auto_data=False,
        branch=False,
        source=sources,
        messages=False,
    )
    measured.start()
    data = measured._collector.data  # noqa: SLF001
    if type(data) is not dict:
        measured.stop()
        raise TypeError("this release of coverage.py gathers its data in another way")
    return data


def _keep(lines: _Lines) -> None:
    """Save before each way out of a process that passes atexit by, and go on after a fork."""

    def saving(original: "Callable[..., Any]") -> "Callable[..., Any]":
        def wrapper(*args: "Any", **named: "Any") -> "Any":  # noqa: ANN401
            lines.save()
            return original(*args, **named)

        return wrapper

    for name in ("_exit", "execv", "execve"):
        setattr(os, name, saving(getattr(os, name)))
    os.register_at_fork(
        before=_quietly(lines.pause),
        after_in_parent=_quietly(lines.go),
        after_in_child=_quietly(lines.begin),
    )
    atexit.register(lines.save)


def _quietly(step: "Callable[[], None]") -> "Callable[[], None]":
    """Return the step, silent where no thread may be started: the way out still saves."""

    def wrapper() -> None:
        try:
            step()
        except Exception:  # noqa: BLE001  an agent must not fail because it is measured
            return

    return wrapper


def _begin() -> None:
    with open(_HOME + "/measure.json", encoding="utf-8") as file:
        order = json.load(file)
    # It lies beside this file, and takes the folder off sys.path when it starts itself.
    import pruner_tracer  # type: ignore[import-not-found]  # noqa: PLC0415

    if not pruner_tracer._is_off():  # noqa: SLF001
        lines = _Lines(_gathering(order))
        _quietly(lines.begin)()
        _keep(lines)


_started: "list[bool]" = []


def start() -> None:
    """Measure this interpreter from here on; a second call does nothing, and none ever raises."""
    if _started:
        return
    _started.append(True)
    try:
        _begin()
    except Exception as error:  # noqa: BLE001  an agent must not fail because it cannot be measured
        why = ascii("%s: %s" % (type(error).__name__, error))[1:-1]
        try:
            _write(_new_path(), why, {})
        except OSError:
            return
