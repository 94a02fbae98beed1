"""One run of one agent, from its start to its trace."""

import re
import time
from collections.abc import Sequence

from pruner.clock import Tell
from pruner.config import Agent, ExitReady
from pruner.errors import PrunerError
from pruner.model import (
    AgentStatus,
    Attempt,
    Host,
    Loaded,
    Outcome,
    Program,
    Trace,
    normalise,
)
from pruner.sandbox.base import Environment, Exit, Measure, Session, last_line
from pruner.sandbox.probes import Look, ask, probe
from pruner.trace.events import Events, Named, read_events
from pruner.trace.exercise import exercise
from pruner.trace.lines import PERIOD, Lines, read_lines
from pruner.trace.ready import awaited, has_ended, wait_until_ready
from pruner.trace.texts import is_path

MAX_OWNERS = 200
"""Programs whose package is asked for: the order is one argument, and the kernel bounds these."""

MAX_OWNED_CHARS = 400
PERIODS = 4
"""Periods of writing that a measured agent gets before it is stopped."""

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,99}")
_PORT = re.compile(r"[0-9]{1,5}")


def run_agent(environment: Environment, agent: Agent, tell: Tell) -> Trace:
    """Start an agent, exercise it, stop it, and return what was seen.

    How the agent fares is in the trace's status; only what is outside of it raises.
    """
    return _run(environment, agent, None, tell)[0]


def run_measured(
    environment: Environment, agent: Agent, measure: Measure, tell: Tell
) -> tuple[Trace, Lines]:
    """Run an agent in the same way, and return what lines it ran as well."""
    return _run(environment, agent, measure, tell)


def _run(
    environment: Environment, agent: Agent, measure: Measure | None, tell: Tell
) -> tuple[Trace, Lines]:
    lines = Lines()
    tell("starting", None)
    with environment.start(agent, measure) as session:
        began = time.monotonic()
        tell(f"waiting for {awaited(agent.ready)}", agent.ready.timeout)
        missing = wait_until_ready(environment, session, agent)
        seconds = time.monotonic() - began
        outcomes: tuple[Outcome, ...] = ()
        if missing is None:
            outcomes = _exercises(environment, session, agent, tell)
        tell("reading what it loaded", None)
        look = _look(environment, session)
        over = session.ended()
        log = session.log()
        if measure is not None and over is None:
            time.sleep(PERIODS * PERIOD)  # until what ran last is written
        session.stop(politely=not look.deaf)
        events = read_events(session.events)
        if measure is not None:
            lines = _measured(session)
    status, detail = _judged(agent, missing, over, outcomes, log)
    seen = {item.file for item in events.loaded}
    outside = tuple(
        Loaded(kind="library", what=path.rpartition("/")[2], file=path)
        for path in look.libraries
        if path not in seen and is_path(path)
    )
    trace = Trace(
        agent=agent.name,
        status=status,
        seconds=round(seconds, 3),
        loaded=events.loaded + outside,
        attempts=events.attempts,
        exercises=outcomes,
        processes=len(events.processes),
        torn=events.torn,
        detail=detail,
        memory_bytes=look.memory or None,
        opened=events.opened_files,
        programs=_programs(environment, events),
        hosts=_hosts(events.connections, events.resolved),
        lookups=_lookups(events.lookups),
        dropped=events.dropped,
        gpu=look.gpu or any(map(_is_driver, (*events.loaded, *outside))),
    )
    return trace, lines


def _measured(session: Session) -> Lines:
    """Read what was measured; that it cannot be read says nothing against the run."""
    try:
        return read_lines(session.lines)
    except PrunerError as error:
        return Lines(failures=(error.message,))


def _is_driver(item: Loaded) -> bool:
    """Tell whether a library is a GPU's driver, and not the stub that things are built against."""
    driver = item.kind == "library" and item.what.startswith("libcuda.so")
    return driver and "/stubs/" not in item.file


def _lookups(named: Sequence[Named]) -> tuple[Attempt, ...]:
    """Return the distributions that were asked for, once a line, however they were spelled."""
    found = {(normalise(row.what), row.by or "") for row in named}
    return tuple(Attempt(module=name, by=by or None) for name, by in sorted(found))


def _programs(environment: Environment, events: Events) -> tuple[Program, ...]:
    """Return the programs that were started, with the packages that own them.

    Interpreters that were traced themselves are not asked for: most agents start nothing else.
    """
    traced = {process.executable for process in events.processes}
    paths = [row.what for row in events.spawned if row.what[0] == "/" and row.what not in traced]
    wanted = [path for path in paths if len(path) <= MAX_OWNED_CHARS][:MAX_OWNERS]
    owners: dict[str, str] = {}
    if wanted:
        call = probe(environment.python, environment.tools)
        owners = ask(environment, call, {"owners": wanted}, dict[str, str])
    named = {path: name for path, name in owners.items() if _PACKAGE.fullmatch(name)}
    return tuple(
        Program(what=row.what, by=row.by, package=named.get(row.what)) for row in events.spawned
    )


def _hosts(connections: Sequence[Named], resolved: Sequence[Named]) -> tuple[Host, ...]:
    """Return the hosts that were tried, those with a port first."""
    tried = []
    for row in connections:
        name, _, port = row.what.rpartition(":")
        known = int(port) if _PORT.fullmatch(port) else None
        tried.append(Host(name=name.strip("[]"), port=known, by=row.by))
    return (*tried, *(Host(name=row.what, by=row.by) for row in resolved))


def _exercises(
    environment: Environment, session: Session, agent: Agent, tell: Tell
) -> tuple[Outcome, ...]:
    outcomes: list[Outcome] = []
    for number, task in enumerate(agent.exercise, 1):
        tell(f"exercise {number} of {len(agent.exercise)}: {task.name}", task.timeout)
        if session.ended() is not None:
            gone = Outcome(
                name=task.name, outcome="not run", ok=False, detail="the agent had ended"
            )
            outcomes.append(gone)
            continue
        try:
            outcomes.append(exercise(environment, session, task))
        except PrunerError:
            if not has_ended(session):
                raise
            gone = Outcome(name=task.name, outcome="agent ended", ok=False)
            outcomes.append(gone)
    return tuple(outcomes)


def _look(environment: Environment, session: Session) -> Look:
    """Look at the live processes once more, from outside them: a killed agent writes no last line.

    An agent that ends while we look has told the tracer all that it will.
    """
    nothing = Look(libraries=(), memory=0, deaf=False, gpu=False)
    if session.ended() is not None:
        return nothing
    try:
        return ask(session, probe(environment.python, session.tools), {"maps": True}, Look)
    except PrunerError:
        if not has_ended(session):
            raise
        return nothing


_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL)


def _without_markup(text: str) -> str:
    """Return what a page says, on one line; other text as it is."""
    return " ".join(_MARKUP.sub(" ", text).split()) if text.lstrip().startswith("<") else text


def _judged(
    agent: Agent, missing: str | None, over: Exit | None, outcomes: tuple[Outcome, ...], log: str
) -> tuple[AgentStatus, str]:
    """Return the status of a run, and the line that explains it."""
    said = last_line(log) or "it printed nothing"
    expected_end = isinstance(agent.ready, ExitReady) and missing is None
    if over is not None and over.out_of_memory:
        return AgentStatus.MEMORY, "it was killed for using more memory than the image's limit"
    if over is not None and not expected_end:
        return AgentStatus.EXITED, f"it ended with {over.code}: {said}"
    if missing is not None:
        waited = f"{agent.ready.timeout:g} s"
        return AgentStatus.NOT_READY, f"not ready after {waited} ({missing}); last line: {said}"
    failed = next((outcome for outcome in outcomes if not outcome.ok), None)
    if failed is not None:
        answer = last_line(_without_markup(failed.detail))
        printed = f"; last line: {last_line(log)}" if last_line(log) else ""
        detail = f": {answer}" if answer else ""
        return AgentStatus.FAILED, f"{failed.name} gave {failed.outcome}{detail}{printed}"
    return AgentStatus.OK, ""
