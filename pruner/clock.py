"""Where the time goes: every step of a job is timed, and whoever watches is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pruner.document import Timing
from pruner.urls import without_credentials

Tell = Callable[[str, float | None], None]
"""Takes what is waited for from now on, and for how many seconds at most, where that is known."""


class Watcher(Protocol):
    """Someone who shows what is going on: a progress bar, or lines in a log."""

    def begin(self, step: str) -> None:
        """Say that a step begins."""
        ...

    def end(self, step: str, seconds: float) -> None:
        """Say that a step is done."""
        ...

    def wait(self, what: str, limit: float | None) -> None:
        """Say what the step that began last waits for now."""
        ...

    def note(self, line: str) -> None:
        """Say something that a person should know now."""
        ...


class Clock:
    """Times the steps of a job; one inside another counts for itself alone."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._timings: list[Timing] = []
        self._inner: list[float] = [0.0]

    @contextmanager
    def step(self, name: str, *, sandbox: bool) -> Iterator[None]:
        """Time one step; `sandbox`: installing, starting and exercising, not pruner's own."""
        self._watcher.begin(name)
        began = time.monotonic()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = time.monotonic() - began
            own = whole - self._inner.pop()
            self._inner[-1] += whole
            self._timings.append(Timing(step=name, seconds=round(own, 3), sandbox=sandbox))
            self._watcher.end(name, whole)

    def wait(self, what: str, limit: float | None = None) -> None:
        """Say what the innermost step waits for from now on, for `limit` seconds at most."""
        self._watcher.wait(without_credentials(what), limit)

    def note(self, line: str) -> None:
        """Say something that a person should know now."""
        self._watcher.note(without_credentials(line))

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The steps so far, in the order in which they ended."""
        return tuple(self._timings)
