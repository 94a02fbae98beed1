"""The proof: run every agent from the lock alone, compare, put back what was missed."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from pruner.analysis.attribution import Ownership
from pruner.analysis.verdicts import DROP
from pruner.clock import Clock
from pruner.config import Agent, Image
from pruner.document import AgentReport, GpuReport
from pruner.jobs.gpu import Asking, again
from pruner.jobs.observe import trace
from pruner.jobs.touch import touched
from pruner.model import AgentStatus, Attempt, Trace, Value, Verdict
from pruner.sandbox.base import Environment, LockFiles, Sandbox
from pruner.urls import without_credentials


class Round(Value, frozen=True):
    """One attempt at the proof."""

    traces: tuple[Trace, ...]
    differences: tuple[str, ...]
    touched: tuple[str, ...] = ()  # the import names that were imported by themselves
    gpu: GpuReport | None = None  # what libraries say of it there


Look = Callable[[Environment, tuple[Trace, ...]], Iterable[str]]
"""Looks at an environment in which agents were run; returns what is wrong with it, a line each."""


class Trial(NamedTuple):
    """What a lock is proven with."""

    image: Image
    agents: Sequence[Agent]
    sandbox: Sandbox
    clock: Clock


class Runs(NamedTuple):
    """Agents, and the environment that they are to run in."""

    environment: Environment
    agents: Sequence[Agent]
    clock: Clock


def prove(
    trial: Trial,
    expected: Mapping[str, AgentReport],
    lock: LockFiles,
    names: Sequence[str] = (),
    look: Look | None = None,
    gpu: GpuReport | None = None,
) -> Round:
    """Prepare an environment from a lock, repeat every exercise, and compare the outcomes.

    `names` are import names that hold something in the original, and so have to here. `look` may
    look at the environment after the agents, and returns more that speaks against the lock. `gpu`
    is what libraries said of a GPU in the original: what could use it there has to here.
    """
    with ExitStack() as stack:
        with trial.clock.step("install the lock", sandbox=True):
            trial.clock.wait(f"{lock.pins} distributions")
            environment = stack.enter_context(trial.sandbox.locked(trial.image, lock))
        return examine(Runs(environment, trial.agents, trial.clock), expected, names, look, gpu)


def examine(
    runs: Runs,
    expected: Mapping[str, AgentReport],
    names: Sequence[str] = (),
    look: Look | None = None,
    gpu: GpuReport | None = None,
) -> Round:
    """Repeat every exercise in an environment that is there, and compare as `prove` does."""
    environment, agents, clock = runs
    traces = tuple(trace(environment, agent, clock) for agent in agents)
    with clock.step("touch what is kept", sandbox=True):
        holds = touched(environment, names)
    lost: list[str] = []
    if gpu is not None:
        with clock.step("ask for the GPU", sandbox=True):
            gpu, lost = again(environment, Asking(agents, names), gpu)
    more = look(environment, traces) if look is not None else ()
    found = [line for item in traces for line in differences(item, expected[item.agent])]
    found += [
        f"{name} can no longer be imported whole" for name in names if holds.get(name) is False
    ]
    return Round(traces=traces, differences=(*found, *lost, *more), touched=tuple(names), gpu=gpu)


def differences(seen: Trace, expected: AgentReport) -> list[str]:
    """Return, a line each, in what a run differs from the original's.

    Exercises of one name are compared in their order. One that the original did not have, since it
    was written later, has to succeed.
    """
    if seen.status not in {AgentStatus.OK, AgentStatus.FAILED}:
        return [f"{seen.agent}: {seen.detail}"]
    before: dict[str, list[str]] = defaultdict(list)
    for item in expected.exercises:
        before[without_credentials(item.name)].append(item.outcome)
    lines: list[str] = []
    for item in seen.exercises:
        known = before[without_credentials(item.name)]
        outcome = known.pop(0) if known else None
        if outcome is None and not item.ok:
            lines.append(f"{seen.agent}: {item.name} gave {item.outcome}")
        elif outcome is not None and outcome != item.outcome:
            lines.append(f"{seen.agent}: {item.name} gave {item.outcome}, not {outcome}")
    lines += [f"{seen.agent}: {name} was not run" for name, rest in before.items() if rest]
    return lines


def missed(
    traces: Sequence[Trace], verdicts: Sequence[Verdict], ownership: Ownership
) -> dict[str, str]:
    """Return the dropped distributions that a proof which differs asked for: key -> why.

    Those that failed imports ask for; where no import explains it, those whose metadata was looked
    up by name, since that fails as well, and many who look cope with less.
    """
    dropped = {row.name for row in verdicts if row.verdict == DROP}
    found: dict[str, str] = {}
    for item in traces:
        for attempt in item.attempts:
            owners = ownership.of_module(attempt.module) if attempt.failed else ()
            for key in owners:
                if key in dropped:
                    found.setdefault(key, _why(attempt.module, attempt, item))
    if found:
        return found
    for item in traces:
        for lookup in item.lookups:
            if lookup.module in dropped:
                what = f"the metadata of {lookup.module}"
                found.setdefault(lookup.module, _why(what, lookup, item))
    return found


def _why(what: str, attempt: Attempt, trace: Trace) -> str:
    by = f" by {attempt.by}" if attempt.by else ""
    return f"put back: {what} was missed{by} in the proof of {trace.agent}"
