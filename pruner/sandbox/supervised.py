"""Talking to the supervisor, process 1 of a local sandbox (tracers/supervisor.py)."""

import json
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from pruner.errors import OutsideError, SandboxError
from pruner.sandbox.base import OUTPUT_LIMIT, Completed, Exit, last_line

LOG_TAIL = 64 * 1024
"""Bytes of a log that are kept for an error message or a `log` probe to look at."""

PATIENCE = 10.0
"""Seconds that the supervisor gets for what takes it milliseconds."""


class _Ended(msgspec.Struct, forbid_unknown_fields=True):
    ended: int
    code: int
    memory: bool


class Supervised:
    """The commands of one sandbox. Ends, and everything in it with it, when closed."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._folder = folder
        self._ends: dict[int, Exit] = {}
        self._changed = threading.Condition()
        self._count = 0
        self._errors = (folder / "supervisor.err").open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},  # nothing of ours
            start_new_session=True,  # Ctrl-C in the terminal is pruner's alone
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> int:
        """Start a command; return the key by which it is asked for."""
        self._count += 1
        order = {
            "start": self._count,
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(cwd),
            "output": str(self.output(self._count)),
            "errors": str(self.errors(self._count)),
        }
        self._order(order)
        return self._count

    def output(self, key: int) -> Path:
        """Return the file that a command's stdout goes to."""
        return self._folder / f"{key}.out"

    def errors(self, key: int) -> Path:
        """Return the file that a command's stderr goes to."""
        return self._folder / f"{key}.err"

    def signal(self, key: int, number: int) -> None:
        """Send a signal to a command; SIGKILL reaches its children too."""
        self._order({"signal": key, "number": number})

    def ended(self, key: int) -> Exit | None:
        """Return how a command ended, or None while it runs."""
        with self._changed:
            return self._ends.get(key)

    def wait(self, key: int, timeout: float) -> Exit | None:
        """Wait for a command to end; None after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: key in self._ends, timeout)
            return self._ends.get(key)

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float
    ) -> Completed:
        """Run a command to its end, or kill it when its time is over."""
        key = self.start(argv, env, cwd)
        end = self.wait(key, timeout)
        if end is None:
            self.signal(key, signal.SIGKILL)
            self.wait(key, PATIENCE)
        return Completed(
            argv=tuple(argv),
            code=None if end is None else end.code,
            stdout=head(self.output(key)),
            stderr=head(self.errors(key)),
        )

    def stop(self, key: int, grace: float) -> Exit:
        """End a command, politely first."""
        if self.ended(key) is None:
            self.signal(key, signal.SIGTERM)
        end = self.wait(key, grace)
        if end is None:
            self.signal(key, signal.SIGKILL)
            end = self.wait(key, PATIENCE)
        return end or Exit(code=-signal.SIGKILL)

    def close(self) -> None:
        """End the supervisor; the kernel ends what it leaves."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(PATIENCE)
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def _order(self, order: Mapping[str, object]) -> None:
        if self._process.stdin is None or self._process.poll() is not None:
            said = last_line((self._folder / "supervisor.err").read_bytes())
            raise OutsideError(
                f"the local sandbox ended on its own: {said or 'it said nothing'}",
                hint="bubblewrap may be forbidden to make namespaces here; try --runtime docker",
            )
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._process.wait(PATIENCE)
            self._order(order)

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(_Ended)
        stream = self._process.stdout
        while stream and (line := stream.readline(4096)):
            try:
                answer = decoder.decode(line)
            except msgspec.MsgspecError:
                break  # not the supervisor's words: the sandbox is no longer to be trusted
            with self._changed:
                self._ends[answer.ended] = Exit(code=answer.code, out_of_memory=answer.memory)
                self._changed.notify_all()
        with self._changed:  # nothing runs any more: whoever waits is to know
            for key in range(1, self._count + 1):
                self._ends.setdefault(key, Exit(code=-signal.SIGKILL))
            self._changed.notify_all()


def head(path: Path) -> bytes:
    """Return what a command printed, bounded."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        data = file.read(OUTPUT_LIMIT + 1)
    if len(data) > OUTPUT_LIMIT:
        raise SandboxError(f"a command in the sandbox printed more than {OUTPUT_LIMIT >> 20} MiB")
    return data


def tail(path: Path) -> str:
    """Return the end of a log."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_TAIL))
        return file.read().decode("utf-8", "replace")
