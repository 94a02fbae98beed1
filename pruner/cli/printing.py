"""Printing what a command has to say; it needs nothing that takes long to import."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def emit(text: bytes) -> None:
    """Print what a command has to say, all of it at once."""
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody reads any more; the exit code still says how it went
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def drawn(draw: Callable[["Console"], None]) -> bytes:
    """Return what is shown, in one piece: rich itself ends the program where a pipe is closed."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 100)
    with console.capture() as capture:
        draw(console)
    return capture.get().encode(sys.stdout.encoding or "utf-8", "replace")
