"""Progress on stderr: a line that lives on a terminal, plain lines in a log."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from rich import live
from rich.console import Console, RenderableType
from rich.spinner import Spinner
from rich.text import Text

from pruner.clock import Watcher
from pruner.report.text import plain


class Watching(Watcher, Protocol):
    """A watcher that is opened and closed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Lines:
    """One plain line when a step begins and one when it is done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()

    def begin(self, step: str) -> None:
        """Say that a step begins."""
        sys.stderr.write(f"{step} ...\n")
        sys.stderr.flush()

    def end(self, step: str, seconds: float) -> None:
        """Say how long it took."""
        sys.stderr.write(f"{step}: {seconds:.1f} s\n")
        sys.stderr.flush()

    def wait(self, what: str, limit: float | None) -> None:
        """Say nothing: a log is for what was done."""

    def note(self, line: str) -> None:
        """Say something at once."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Step:
    """A step that runs, and what it waits for since when."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wait("", None)

    def wait(self, what: str, limit: float | None) -> None:
        self.what = what
        self.limit = limit
        self.since = time.monotonic()

    @property
    def seconds(self) -> str:
        of = "" if self.limit is None else f" of {self.limit:g} s"
        return f"{time.monotonic() - self.since:.0f} s{of}"


class Live:
    """A line that lives: the sandbox at work, what it waits for, and how long it has.

    Above it stays a line for each step that is done. One sandbox works at a time, so one line is
    all there is; it is gone when the watcher is closed.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: list[_Step] = []
        self._spinner = Spinner("dots", style="green")
        self._live = live.Live(
            console=console, get_renderable=self._drawn, refresh_per_second=10, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begin(self, step: str) -> None:
        """Show what runs now."""
        self._steps.append(_Step(step))

    def end(self, step: str, seconds: float) -> None:
        """Leave a line behind."""
        self._steps.pop()
        self._console.print(f"  {plain(step)}: {seconds:.1f} s", markup=False, style="dim")

    def wait(self, what: str, limit: float | None) -> None:
        """Show what the innermost step waits for."""
        self._steps[-1].wait(what, limit)

    def note(self, line: str) -> None:
        """Say something at once."""
        self._console.print(line, markup=False)

    def _drawn(self) -> RenderableType:
        steps = self._steps.copy()
        named = " > ".join(step.name for step in steps) or "working"
        what = f": {steps[-1].what}" if steps and steps[-1].what else ""
        clock = f", {steps[-1].seconds}" if steps else ""
        text = Text(plain(f"{named}{what}"), no_wrap=True)
        # Cut here, so that the time at the end is always seen.
        text.truncate(max(1, self._console.width - len(clock) - 2), overflow="ellipsis")
        self._spinner.update(text=text.append(clock, style="dim"))
        return self._spinner


def watching() -> Watching:
    """Return what fits stderr."""
    if not sys.stderr.isatty():
        return Lines()
    console = Console(stderr=True, highlight=False)
    return Lines() if console.is_dumb_terminal else Live(console)
