"""Process 1 of the local sandbox: starts what it is told to, and says how it ended.

It reads one JSON object a line on stdin and answers with one a line on stdout:

    {"start": ID, "argv": [...], "env": {...}, "cwd": "...", "output": PATH, "errors": PATH}
    {"signal": ID, "number": 15}
        -> {"ended": ID, "code": 0, "memory": false}      code is negative for a signal

At the end of stdin it kills everything that it started and ends, so nothing outlives pruner. It
also watches what all processes together hold in memory, and their number, and kills the first
command (the agent) and its children when a limit is passed: no cgroup is needed for that.

Standard library only, Python 3.8 and newer. Arguments: MEMORY_BYTES PROCESSES.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Set, Tuple

POLL = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


def say(answer: Dict[str, Any]) -> None:
    """Write one answer; pruner being gone is found out by the end of stdin."""
    with contextlib.suppress(OSError):
        os.write(1, (json.dumps(answer) + "\n").encode())


class Supervisor:
    """The commands that run, by their id, and the limits that they share."""

    def __init__(self, memory: int, processes: int) -> None:
        self.memory = memory
        self.processes = processes
        self.running: Dict[int, "subprocess.Popen[bytes]"] = {}
        self.over: Set[int] = set()
        self.buffer = b""

    def start(self, order: Dict[str, Any]) -> None:
        """Start one command in a session of its own, so that its children end with it."""
        with open(order["output"], "ab") as output, open(order["errors"], "ab") as errors:
            try:
                process = subprocess.Popen(
                    order["argv"],
                    env=order["env"],
                    cwd=order["cwd"],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )
            except OSError as error:
                errors.write(("%s: %s\n" % (order["argv"][0], error.strerror)).encode())
                errors.flush()  # whoever hears that it ended reads it at once
                say({"ended": order["start"], "code": 127, "memory": False})
                return
        self.running[order["start"]] = process

    def signal(self, key: int, number: int) -> None:
        """Signal a command; SIGKILL goes to all of its session."""
        process = self.running.get(key)
        if process is None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                os.kill(process.pid, number)
        except ProcessLookupError:
            pass

    def reap(self) -> None:
        """Answer for every command that has ended."""
        for key, process in list(self.running.items()):
            code = process.poll()
            if code is not None:
                del self.running[key]
                say({"ended": key, "code": code, "memory": key in self.over})
        if os.getpid() == 1:
            self.reap_orphans()

    def reap_orphans(self) -> None:
        """Collect what its parent left to process 1, and nothing that Popen waits for."""
        ours = {process.pid for process in self.running.values()}
        for pid in children_of(1):
            if pid not in ours and stat_of(pid)[0] == "Z":
                with contextlib.suppress(OSError):
                    os.waitpid(pid, os.WNOHANG)

    def watch(self) -> None:
        """Kill everything when all processes together pass a limit."""
        pids = descendants(os.getpid())
        held = sum(anonymous_bytes(pid) for pid in pids)
        if held > self.memory or len(pids) > self.processes:
            if held > self.memory:
                self.over.update(self.running)
            for key in list(self.running):
                self.signal(key, signal.SIGKILL)
            for pid in pids:
                kill(pid)

    def obey(self, line: bytes) -> None:
        """Carry out one order."""
        order = json.loads(line)
        if "start" in order:
            self.start(order)
        else:
            self.signal(order["signal"], order["number"])

    def read(self) -> bool:
        """Read orders until stdin ends; return whether it goes on."""
        data = os.read(0, 65536)
        if not data:
            return False
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.obey(line)
        return True

    def serve(self) -> None:
        """Obey until stdin ends, then leave nothing running."""
        last = 0.0
        going = True
        while going:
            ready, _, _ = select.select([0], [], [], POLL if self.running else 1.0)
            if ready:
                going = self.read()
            self.reap()
            now = time.monotonic()
            if self.running and now - last > POLL:
                self.watch()
                last = now
        for pid in descendants(os.getpid()):
            kill(pid)


def kill(pid: int) -> None:
    """Kill one process, if it is still there."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def stat_of(pid: int) -> Tuple[str, int]:
    """Return (state, parent) of a process, ("", 0) if it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except (OSError, IndexError, ValueError):
        return "", 0


def parents() -> Dict[int, int]:
    """Return the parent of every process that can be seen."""
    return {int(name): stat_of(int(name))[1] for name in os.listdir("/proc") if name.isdigit()}


def children_of(parent: int) -> List[int]:
    """Return the processes that have this parent."""
    return [pid for pid, owner in parents().items() if owner == parent]


def descendants(root: int) -> List[int]:
    """Return the processes below root. As process 1, all others: orphans are adopted."""
    tree = parents()
    if root == 1:
        return [pid for pid in tree if pid != 1]
    found = []
    todo = [root]
    while todo:
        parent = todo.pop()
        below = [pid for pid, owner in tree.items() if owner == parent]
        found += below
        todo += below
    return found


def anonymous_bytes(pid: int) -> int:
    """Return what only this process holds: resident pages less the shared ones, in bytes."""
    try:
        with open("/proc/%d/statm" % pid) as file:
            fields = file.read().split()
        return (int(fields[1]) - int(fields[2])) * PAGE
    except (OSError, IndexError, ValueError):
        return 0


def main() -> None:
    """Take the limits from the command line and serve."""
    if os.getpid() != 1:
        adopt_orphans()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is pruner's; it then closes stdin
    Supervisor(int(sys.argv[1]), int(sys.argv[2])).serve()


def adopt_orphans() -> None:
    """Have grandchildren that lose their parent become ours, so that none outlives us."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


if __name__ == "__main__":
    main()
