"""Waiting until an agent is ready, without waiting for one that has ended."""

import re
import time
from collections.abc import Callable

from pruner.config import Agent, ExitReady, HttpReady, LogReady, Ready, TcpReady
from pruner.errors import PrunerError
from pruner.sandbox.base import Environment, Session
from pruner.sandbox.probes import Answer, ask, probe

SLICE = 2.0
"""Seconds that a probe stays in the sandbox before pruner looks whether the agent still runs."""

PAUSE = 0.05
NOTICE = 3.0
"""Seconds in which an engine notices that a container has ended."""

HEALTHY = tuple(range(200, 400))


def wait_until_ready(
    environment: Environment, session: Session, agent: Agent, *, at_once: bool = False
) -> str | None:
    """Wait; return None once the agent is ready, else why it never was.

    `at_once`: one probe stays until it is, for who measures: an agent that gets ready between two
    is seen a quarter of a second late. Its end is noticed only where that ends the probe as well.
    """
    longest = agent.ready.timeout if at_once else SLICE
    attempt = _attempt(environment, session, agent)
    end = time.monotonic() + agent.ready.timeout
    waits_for_end = isinstance(agent.ready, ExitReady)
    while True:
        over = session.ended()
        if over is not None and not waits_for_end:
            return "it ended"
        try:
            why = attempt(max(PAUSE, min(longest, end - time.monotonic())))
        except PrunerError:
            if not has_ended(session):
                raise
            continue
        if why is None:
            return None
        if time.monotonic() >= end or (over is not None and waits_for_end):
            return why


def awaited(ready: Ready) -> str:
    """Return what has to happen before an agent counts as ready, in some words."""
    match ready:
        case HttpReady():
            return f"http {ready.http} on port {ready.port}"
        case TcpReady():
            return f"port {ready.tcp}"
        case LogReady():
            return f"a line like {ready.log!r}"
        case ExitReady():
            return "its end"


def has_ended(session: Session) -> bool:
    """Return whether the agent has ended, for when a probe beside it failed.

    In a container it takes the probe with it, and the engine notices the probe's end first.
    """
    end = time.monotonic() + NOTICE
    while session.ended() is None:
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)
    return True


def _attempt(
    environment: Environment, session: Session, agent: Agent
) -> Callable[[float], str | None]:
    """Return a function that tries for some seconds and says what is missing, or None."""
    ready = agent.ready
    call = probe(environment.python, session.tools)

    def http(seconds: float) -> str | None:
        assert isinstance(ready, HttpReady)  # noqa: S101
        order = {"http": ["GET", ready.port, ready.http], "expect": HEALTHY, "timeout": seconds}
        answer = ask(session, call, order, Answer)
        where = f"GET {ready.http} on port {ready.port}"
        return None if answer.ok else f"{where}: {answer.outcome}"

    def tcp(seconds: float) -> str | None:
        assert isinstance(ready, TcpReady)  # noqa: S101
        answer = ask(session, call, {"tcp": ready.tcp, "timeout": seconds}, Answer)
        return None if answer.ok else f"port {ready.tcp}: {answer.outcome}"

    def log(_seconds: float) -> str | None:
        assert isinstance(ready, LogReady)  # noqa: S101
        if re.search(ready.log, session.log(), re.MULTILINE):
            return None
        time.sleep(PAUSE)
        return f"no line of its output matches {ready.log!r}"

    def ended(_seconds: float) -> str | None:
        assert isinstance(ready, ExitReady)  # noqa: S101
        over = session.ended()
        if over is None:
            time.sleep(PAUSE)
            return "it has not ended"
        return None if over.code == ready.exit else f"it ended with {over.code}, not {ready.exit}"

    kinds: dict[type, Callable[[float], str | None]] = {
        HttpReady: http,
        TcpReady: tcp,
        LogReady: log,
        ExitReady: ended,
    }
    return kinds[type(ready)]
