"""The second run of every agent, what it measured, and the confidence that follows.

It happens in the original environment. Nothing that goes wrong in it is an error: it is a reason.
"""

from collections.abc import Mapping, Sequence

from pruner.analysis.attribution import Ownership
from pruner.analysis.confidence import Measured, confidence
from pruner.analysis.evidence import joined, observed, reached
from pruner.analysis.own import own_files, own_folders
from pruner.analysis.usage import used_data
from pruner.clock import Clock
from pruner.config import Agent, Config, ExitReady, Image
from pruner.document import AgentReport, Confidence, ProofReport
from pruner.errors import PrunerError
from pruner.jobs.gpu import can_use
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import differences
from pruner.model import Level, Trace, Value, Verdict
from pruner.rules import startup_modules
from pruner.sandbox.base import Environment, Measure
from pruner.sandbox.measuring import library
from pruner.static.statements import count
from pruner.trace.lines import Lines
from pruner.trace.run import run_agent, run_measured

WEAK = frozenset(level.word for level in Level if Level.UNUSED < level < Level.OBSERVED)
ONCE = "there was no second run, which measures it"


class Repeated(Value, frozen=True):
    """What a second run of every agent has shown."""

    done: bool = False
    traces: tuple[Trace, ...] = ()
    lines: tuple[Lines, ...] = ()  # of the agents that were measured
    unmeasured: tuple[str, ...] = ()  # why some, or all, were not
    flaky: tuple[str, ...] = ()  # in what an agent differed from its first run


def repeat(
    config: Config,
    agents: Sequence[Agent],
    seen: Observation,
    environment: Environment,
    clock: Clock,
) -> Repeated:
    """Run every agent again as it ran in `seen`, with coverage.py where it can be had."""
    again = _Again(environment, {item.name: item for item in reports(seen.subject.traces)}, clock)
    try:
        measure = _measure(config, seen, environment, clock)
    except PrunerError as error:
        measure = None
        again.unmeasured.append(error.message)
    for agent in agents:
        again.run(agent, measure)
    return Repeated(
        done=True,
        traces=tuple(again.traces),
        lines=tuple(again.lines),
        unmeasured=tuple(again.unmeasured),
        flaky=tuple(again.flaky),
    )


def _measure(config: Config, seen: Observation, environment: Environment, clock: Clock) -> Measure:
    """Return the order to measure; raise PrunerError where that cannot be."""
    subject = seen.subject
    ownership = Ownership(subject.inventory)
    sources = own_folders(subject.traces, subject.tree, ownership, config.source)
    if not sources:
        raise PrunerError("no first-party file was loaded")
    with clock.step("fetch coverage.py", sandbox=True):
        machine = subject.inventory.markers.get("platform_machine", "")
        copy = library(subject.inventory.python, machine, environment.desk)
    return Measure(library=copy, sources=sources)


class _Again:
    """Gathers what the second runs show."""

    def __init__(
        self, environment: Environment, expected: Mapping[str, AgentReport], clock: Clock
    ) -> None:
        self._environment = environment
        self._expected = expected
        self._clock = clock
        self.traces: list[Trace] = []
        self.lines: list[Lines] = []
        self.unmeasured: list[str] = []
        self.flaky: list[str] = []

    def run(self, agent: Agent, measure: Measure | None) -> None:
        """Run one agent; once more without measuring, where measuring may have changed its way."""
        try:
            with self._clock.step(f"run {agent.name} again", sandbox=True):
                if measure is not None and self._run_measured(agent, measure):
                    return
                trace = run_agent(self._environment, agent, self._clock.wait)
        except (PrunerError, OSError) as error:
            self.flaky.append(f"{agent.name}: {error}")
            return
        self.traces.append(trace)
        self.flaky += differences(trace, self._expected[agent.name])

    def _run_measured(self, agent: Agent, measure: Measure) -> bool:
        """Return whether the agent did the same as the first time; its lines count anyway."""
        trace, lines = run_measured(self._environment, agent, measure, self._clock.wait)
        self.lines.append(lines)
        self.unmeasured += [f"{agent.name} is not measured: {why}" for why in lines.failures]
        same = not differences(trace, self._expected[agent.name])
        if same:
            self.traces.append(trace)
        return same


def assess(
    config: Config,
    image: Image,
    seen: Observation,
    repeated: Repeated,
    verdicts: Sequence[Verdict],
    proof: ProofReport,
) -> Confidence:
    """Return the confidence in verdicts that rest on `seen`, the second run's traces among it."""
    ownership = Ownership(seen.subject.inventory)
    files = reached(seen.subject.tree, seen.subject.entries, seen.runs)
    counted = count(config.root, files, _ran(seen, repeated, ownership))
    kept = [row for row in verdicts if row.kept and not row.own and row.level != Level.UNUSED.word]
    before = seen.subject.traces
    first, both = (_used(traces, seen, ownership) for traces in (before, seen.runs))
    names = {trace.agent for trace in before}
    agents = [agent for agent in image.agents if agent.name in names]
    why = (*repeated.unmeasured, *(f"not counted: {line}" for line in counted.unreadable))
    return confidence(
        Measured(
            agents=len(agents),
            exercised=sum(_is_exercised(agent) for agent in agents),
            statements=counted.statements,
            ran=counted.ran,
            known=any(lines.processes for lines in repeated.lines),
            unmeasured=why if repeated.done else (ONCE,),
            kept=len(kept),
            weak=sum(row.level in WEAK for row in kept),
            gpu_wanted=image.gpu,
            gpu_seen=any(trace.gpu for trace in seen.runs),
            gpu_used=seen.gpu is None or can_use(seen.gpu),
            repeated=repeated.done,
            observed=len(both),
            added=tuple(sorted(both - first)),
            added_files=len(_loaded(seen.again, ownership) - _loaded(before, ownership)),
            flaky=repeated.flaky,
            restored=tuple(item.name for item in proof.restored),
            proven=proof.passed,
        )
    )


def _is_exercised(agent: Agent) -> bool:
    return bool(agent.exercise) or isinstance(agent.ready, ExitReady)


def _ran(seen: Observation, repeated: Repeated, ownership: Ownership) -> dict[str, frozenset[int]]:
    """Return the lines that ran by path in the tree."""
    found: dict[str, frozenset[int]] = {}
    for lines in repeated.lines:
        for path, own in own_files(lines.ran, seen.subject.tree, ownership):
            found[own] = found.get(own, frozenset()) | lines.ran[path]
    return found


def _used(traces: Sequence[Trace], seen: Observation, ownership: Ownership) -> set[str]:
    installed = len(seen.subject.inventory.distributions)
    loaded = observed(traces, ownership, startup_modules())
    return set(joined(loaded, used_data(traces, ownership, installed)))


def _loaded(traces: Sequence[Trace], ownership: Ownership) -> set[str]:
    """Return the files of distributions that were loaded as modules."""
    files = {item.file for trace in traces for item in trace.loaded if item.kind != "library"}
    return {file for file in files if ownership.of_file(file)}
