"""How an agent ends, and which event loop it runs on."""

import asyncio
import signal
import sys
from types import FrameType

try:
    import uvloop
except ImportError:
    uvloop = None


def exit_on_sigterm() -> None:
    """End with status 0 on SIGTERM, also as process 1 and before a server takes over."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest event loop that is installed."""
    return uvloop.new_event_loop() if uvloop else asyncio.new_event_loop()
