"""A program in a terminal of its own: its screen can be read, and keys be pressed."""

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from support import environment

CTRL_C = "\x03"
TAB = "\t"


class Terminal:
    """A terminal of `columns` by `rows`; on leaving, what still runs in it is ended."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        *,
        columns: int = 80,
        rows: int = 40,
        env: Mapping[str, str | None] | None = None,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self.raw = b""
        """All that was written so far."""
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (rows, columns))
        changed = {"TERM": "xterm-256color", "COLUMNS": None, "LINES": None, **(env or {})}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *argv],
            cwd=cwd,
            env=environment(changed),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, and above it what has left it, without blanks at ends."""
        above = [
            "".join(line[column].data for column in range(self.screen.columns))
            for line in self.screen.history.top
        ]
        lines = [line.rstrip() for line in (*above, *self.screen.display)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        """The lines in one piece."""
        return "\n".join(self.lines)

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def until(self, enough: Callable[[str], bool], patience: float = 60.0) -> str:
        """Read until the screen is as it should be, and return it; AssertionError where not."""
        end = time.monotonic() + patience
        while not enough(self.text):
            assert self._read(end), f"ended before that:\n{self.text}"
            assert time.monotonic() < end, f"not after {patience:.0f} s:\n{self.text}"
        return self.text

    def finish(self, patience: float = 240.0) -> int:
        """Read to the end; return the exit code."""
        end = time.monotonic() + patience
        while self._read(end):
            assert time.monotonic() < end, f"not done after {patience:.0f} s:\n{self.text}"
        return self.process.wait(timeout=max(1.0, end - time.monotonic()))

    def _read(self, end: float) -> bool:
        """Read what there is, waiting for it; return whether there may be more."""
        ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return True
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:  # nobody has the other end any more
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)
