"""`pruner build`: build an image as it was and as it is to be, prove the new one, measure both."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import observed
from pruner.analysis.remains import remains
from pruner.audit.dpkg import packages
from pruner.clock import Clock
from pruner.config import Agent, Config, Image
from pruner.document import Document, ProofReport
from pruner.errors import AgentError, OutsideError, UsageError
from pruner.files import plain_json, write
from pruner.image.dockerfile import read_dockerfile
from pruner.image.measures import BuildReport, Measure, Start
from pruner.jobs import measured
from pruner.jobs.committed import read_verdicts
from pruner.jobs.digests import inputs
from pruner.jobs.lock import Job
from pruner.jobs.observe import locks_folder, private_folder, reports, take_inventory
from pruner.jobs.prove import Runs, examine
from pruner.jobs.rollback import kept
from pruner.model import Trace
from pruner.rules import startup_modules
from pruner.sandbox.base import Environment
from pruner.sandbox.context import context_bytes
from pruner.sandbox.engine import BuildError
from pruner.sandbox.layers import Saved
from pruner.sandbox.probes import Look, ask, probe
from pruner.sandbox.tags import CURRENT, repository
from pruner.sandbox.yard import Plan, Yard, require_room
from pruner.trace.ready import wait_until_ready

STARTS = 5
"""Starts of each agent in each image; the fastest counts, since what is in the way only adds."""
REPORT = "build.json"


def run(
    job: Job, yard: Yard, clock: Clock, *, keep: bool = False, cached: bool = False
) -> BuildReport:
    """Build both, one after the other, and return what was measured; it is written as well.

    `cached`: the original comes from the engine's build cache, as far as that has it. What stands
    behind a COPY of the whole tree is made anew: the tree has a lock since.
    Raises AgentError where a build fails; what was there before stays untouched.
    """
    config, image = job.config, job.image
    folder = locks_folder(config, image)
    committed = read_verdicts(folder / "verdicts.json")
    original, minimal = _plans(config, image, folder)
    bases = [_base(plan) for plan in (original, minimal)]
    before, rest = _sizes(committed)
    files = inputs(config, image)
    # An image, what its build left in the cache, and the copy of it that the engine sends.
    require_room(yard, 3 * before, f"images.{image.name}: the original")
    with _built(yard, original, clock, fresh=not cached) as (first, took):
        was, saved = _measure(yard, original, first, took, bases[0], clock)
        measured.keep(config, image, saved, files)
        require_room(yard, 3 * rest, f"images.{image.name}: the minimal image")
        with _built(yard, minimal, clock) as (tag, seconds):
            environment = yard.environment(image, tag)
            result = examine(
                Runs(environment, job.agents, clock),
                {report.name: report for report in committed.agents},
                committed.proof.touched if committed.proof else (),
                gpu=committed.gpu,
            )
            now, _ = _measure(yard, minimal, tag, seconds, bases[1], clock)
            loaded = _loaded(environment, result.traces, clock)
            if not result.differences:
                was, now = _started(yard, job, {first: was, tag: now}, clock)
            name = None
            if keep and not result.differences:
                name = _keep(yard, minimal, config)
    report = BuildReport(
        image=image.name,
        base_bytes=yard.size(bases[1]),
        original=was,
        minimal=now,
        proof=ProofReport(
            passed=not result.differences,
            rounds=1,
            differences=result.differences,
            touched=result.touched,
        ),
        agents=reports(result.traces),
        gpu=result.gpu,
        rest=remains(committed.distributions, committed.conflicts, loaded),
        kept=name,
    )
    write(private_folder(config, image) / REPORT, msgspec.json.format(plain_json(report)) + b"\n")
    return report


def _sizes(committed: Document) -> tuple[int, int]:
    """Return the bytes of all distributions, before and after; 0 where that is not known."""
    sizes = committed.size_bytes
    return (sizes.before, sizes.after) if sizes else (0, 0)


def _plans(config: Config, image: Image, folder: Path) -> tuple[Plan, Plan]:
    """Return how both are built, or raise UsageError where one cannot be."""
    if image.dockerfile is None:
        raise UsageError(
            f"images.{image.name}.dockerfile: missing, so there is no original to compare with",
            hint="name the Dockerfile that the image is built from today",
        )
    minimal = folder / "Dockerfile"
    if not minimal.is_file():
        raise UsageError(
            f"{minimal}: there is none yet", hint=f"`pruner image {image.name}` writes it"
        )
    root = config.root
    today = root / image.dockerfile
    return (
        Plan(image, "original", today, root / image.context, image.build_args, image.target),
        Plan(image, "minimal", minimal, root, {}),
    )


def _keep(yard: Yard, plan: Plan, config: Config) -> str:
    """Leave the minimal image in the engine, by the id of its lock as well; return its name."""
    place = repository(plan.image.name)
    name = f"{place}:{CURRENT}"
    yard.build(plan, name, kept=True)
    now = kept(config, plan.image).now
    if now is not None:
        yard.name(name, place, now.id)
    return name


def _base(plan: Plan) -> str:
    return read_dockerfile(plan.dockerfile, plan.args, target=plan.target).base


@contextmanager
def _built(
    yard: Yard, plan: Plan, clock: Clock, *, fresh: bool = True
) -> Iterator[tuple[str, float | None]]:
    """Build one, and say what a failed build printed last.

    Yields its tag, and the seconds that it took with nothing cached.
    """
    with ExitStack() as stack:
        began = time.monotonic()
        with clock.step(f"build the {plan.kind}", sandbox=True):
            try:
                tag = stack.enter_context(yard.built(plan, fresh=fresh))
            except BuildError as error:
                for line in error.lines:
                    clock.note(f"  {line}")
                raise AgentError(error.message, hint=error.hint) from error
        yield tag, round(time.monotonic() - began, 1) if fresh else None


def _measure(
    yard: Yard, plan: Plan, tag: str, seconds: float | None, base: str, clock: Clock
) -> tuple[Measure, Saved]:
    with clock.step(f"build the {plan.kind} again", sandbox=True):
        again = yard.build(plan, tag)
    with clock.step(f"weigh the {plan.kind}", sandbox=True):
        saved = yard.weigh(tag)
        brought = yard.base(base)
    layers = [layer for layer in saved.layers if layer.compressed_bytes]
    measure = Measure(
        size_bytes=saved.size_bytes,
        compressed_bytes=sum(layer.compressed_bytes for layer in layers),
        layers=len(layers),
        context_bytes=context_bytes(plan.context, plan.dockerfile),
        build_seconds=seconds,
        again_seconds=round(again, 1),
        cache_bytes=sum(sum(layer.caches.values()) for layer in layers),
        debian_bytes=None if brought is None else _debian_bytes(saved, brought),
    )
    return measure, saved


def _loaded(environment: Environment, traces: Sequence[Trace], clock: Clock) -> frozenset[str]:
    """Return the distributions of the minimal image that its agents loaded, by key."""
    inventory = take_inventory(environment, clock)
    return frozenset(observed(traces, Ownership(inventory), startup_modules()))


def _debian_bytes(saved: Saved, brought: frozenset[str]) -> int:
    """Return the installed size of the Debian packages that the base did not bring."""
    *_, last = [status for status in saved.statuses if status] or [""]
    return sum(row.size_bytes for name, row in packages(last).items() if name not in brought)


def _started(
    yard: Yard, job: Job, measures: Mapping[str, Measure], clock: Clock
) -> tuple[Measure, ...]:
    """Return the measures, by tag, with how each agent starts in the images.

    They take turns, the first of one turn the last of the next, so that a machine that is busy for
    a while is so for all of them, and none always follows another.
    """
    places = {tag: yard.environment(job.image, tag) for tag in measures}
    found: dict[str, list[Start]] = {tag: [] for tag in measures}
    for agent in job.agents:
        runs: dict[str, list[_Run]] = {tag: [] for tag in measures}
        with clock.step(f"start {agent.name} {STARTS} times in each", sandbox=True):
            for number in range(1, STARTS + 1):
                for tag in list(places)[:: 1 if number % 2 else -1]:
                    clock.wait(f"{tag}, {number} of {STARTS}", agent.ready.timeout)
                    runs[tag].append(_start(places[tag], agent))
        for tag, starts in found.items():
            starts.append(_best(agent, runs[tag]))
    replace = msgspec.structs.replace
    return tuple(replace(one, starts=tuple(found[tag])) for tag, one in measures.items())


class _Run(NamedTuple):
    seconds: float
    memory: int


def _best(agent: Agent, runs: Sequence[_Run]) -> Start:
    return Start(
        agent=agent.name,
        ready_seconds=round(min(run.seconds for run in runs), 2),
        memory_bytes=int(statistics.median(run.memory for run in runs)),
    )


def _start(environment: Environment, agent: Agent) -> _Run:
    """Start an agent once, without the tracer's work, until it is ready."""
    quiet = msgspec.structs.replace(agent, env={**agent.env, "PRUNER_TRACER": "off"})
    began = time.monotonic()
    with environment.start(quiet) as session:
        missing = wait_until_ready(environment, session, agent, at_once=True)
        seconds = time.monotonic() - began
        if missing is not None and session.ended() is None:
            what = f"{agent.name} does not start in the image: {missing}"
            raise OutsideError(what, hint="give it more time: `ready.timeout`, in seconds")
        if session.ended() is not None:
            return _Run(seconds, 0)
        look = ask(session, probe(environment.python, session.tools), {"maps": True}, Look)
        session.stop(politely=not look.deaf)
    return _Run(seconds, look.memory)
