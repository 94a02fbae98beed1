"""Progress on stderr: a line that lives on a terminal, plain lines in a log."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console

from pruner.clock import Watcher

if TYPE_CHECKING:
    from rich.status import Status


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

    def note(self, line: str) -> None:
        """Say something at once."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class Live:
    """A spinner with the step that runs, and a line for each that is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._steps: list[str] = []

    def __enter__(self) -> Self:
        self._status = self._console.status("starting")
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def begin(self, step: str) -> None:
        """Show what runs now."""
        self._steps.append(step)
        self._show()

    def end(self, step: str, seconds: float) -> None:
        """Leave a line behind."""
        self._steps.pop()
        self._console.print(f"  {step}: {seconds:.1f} s", markup=False, style="dim")
        self._show()

    def note(self, line: str) -> None:
        """Say something at once."""
        self._console.print(line, markup=False)

    def _show(self) -> None:
        if self._status is not None:
            self._status.update(" > ".join(self._steps) or "working")


def watching() -> Watching:
    """Return what fits stderr."""
    return Live() if sys.stderr.isatty() else Lines()
