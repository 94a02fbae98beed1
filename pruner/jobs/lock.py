"""`pruner lock`: watch, decide, lock, prove; put back what the proof misses, and prove again."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.packages import Used, given_up, linked_files, used_files
from pruner.analysis.programs import with_programs
from pruner.clock import Clock
from pruner.config import Agent, Config, Image
from pruner.document import SCHEMA, Aligned, Document, GpuReport, Sizes
from pruner.errors import UsageError
from pruner.files import plain_json, write_all
from pruner.jobs.across import across
from pruner.jobs.confidence import Repeated, assess, repeat
from pruner.jobs.findings import findings, misplaced, tell
from pruner.jobs.gpu import Asking, first, not_exercised
from pruner.jobs.inputs import inputs_of
from pruner.jobs.knowledge import knowledge
from pruner.jobs.natives import look_at_system
from pruner.jobs.observe import (
    Observation,
    observe,
    private_folder,
    read_image_requirements,
    reports,
    require_success,
)
from pruner.jobs.packages import Below, look_below
from pruner.jobs.prove import Trial
from pruner.jobs.recall import project_folder, recall
from pruner.jobs.record import Record, read_records
from pruner.jobs.settle import Case, Settled, settle
from pruner.jobs.study import study
from pruner.jobs.touch import loaded_names, touched
from pruner.jobs.writing import Made, presentable, write_lock
from pruner.model import Policy, Value
from pruner.sandbox.base import Environment, Sandbox


class Job(Value, frozen=True):
    """What `pruner lock` was asked to do."""

    config: Config
    image: Image
    agents: tuple[Agent, ...]
    policy: Policy


class Watched(NamedTuple):
    """An image as it was seen, its environment gone; it can be settled more than once."""

    job: Job
    runtime: str
    case: Case
    again: Repeated
    below: Below = Below()


class Locked(NamedTuple):
    """What became of an image; `made` is its lock, where it has one."""

    watched: Watched
    settled: Settled
    document: Document
    made: Made | None = None

    @property
    def proven(self) -> bool:
        """Whether its lock lies where it is committed."""
        return self.document.proof is not None and self.document.proof.passed


def run(job: Job, sandbox: Sandbox, clock: Clock, *, once: bool = False) -> Document:
    """Carry out the job, write the lock, and return the document; `once`: without a second run."""
    return locked(job, sandbox, clock, once=once).document


def locked(
    job: Job, sandbox: Sandbox, clock: Clock, *, once: bool = False, write: bool = True
) -> Locked:
    """Do what `run` does, and return with the document what it rests on.

    Without `write` the lock is not written, and `commit` does it later.
    """
    # Its mistakes are told before any installing, which may end at one of them.
    tell(misplaced(read_image_requirements(job.config, job.image)), clock)
    records = read_records(
        private_folder(job.config, job.image), [agent.name for agent in job.agents]
    )
    with ExitStack() as stack:
        with clock.step("install the original", sandbox=True):
            environment = stack.enter_context(sandbox.original(job.image))
        seen, again = _seen(job, environment, clock, once=once)
        seen = _with_records(job, seen, records, sandbox.name, clock)
        ownership = Ownership(seen.subject.inventory)
        reading = stack.enter_context(study(environment, seen.subject.inventory, clock))
        with clock.step("touch what is loaded", sandbox=True):
            names = loaded_names(seen.runs, ownership)
            holds = touched(environment, list(names))
        holding = {name: owners for name, owners in names.items() if holds.get(name)}
        gpu = _gpu(job, environment, seen, list(holding), clock)
        no_gpu = not_exercised(job.image, seen.subject.traces, seen.subject.also, gpu)
        seen = seen.with_gpu(gpu, missing=no_gpu)
        trial = Trial(job.image, job.agents, sandbox, clock)
        system = look_at_system(environment, job.agents, reading.linkage, clock)
        known = knowledge(job.config.rules)
        case = Case(seen, ownership, dict(reading.linkage), system, known, holding)
        settled = settle(trial, case, reading, job.policy)
        below = look_below(job.image, sandbox, environment, _outside(case, settled), clock)
    watched = Watched(job, sandbox.name, case, again, below)
    return finish(watched, settled, clock, write=write)


def finish(
    watched: Watched,
    settled: Settled,
    clock: Clock,
    aligned: tuple[Aligned, ...] = (),
    *,
    write: bool = True,
) -> Locked:
    """Write what was settled, where there is a lock; `aligned` are the pins that were moved."""
    job, seen = watched.job, watched.case.seen
    document = presentable(msgspec.structs.replace(_document(watched, settled), aligned=aligned))
    if settled.text is not None and settled.proof is not None:
        with clock.step("work out the confidence", sandbox=False):
            sure = assess(
                job.config, job.image, seen, watched.again, settled.verdicts, settled.proof
            )
        shared = across(job.config, job.image, document, seen.subject.inventory)
        unnamed = settled.decided.weighed.unnamed
        inputs = inputs_of(job.config, job.image, seen, watched.case.ownership, document, unnamed)
        document = msgspec.structs.replace(
            document, confidence=sure, findings=(*document.findings, *shared), inputs=inputs
        )
        made = Made(document, settled.text, settled.built, seen.subject.inventory)
        done = Locked(watched, settled, document, made)
        return commit(done, clock) if write else done
    return Locked(watched, settled, document)


def commit(done: Locked, clock: Clock) -> Locked:
    """Write a lock, where there is one: a proven one where it is committed."""
    if done.made is None:
        return done
    job = done.watched.job
    return done._replace(document=write_lock(job.config, job.image, done.made, clock))


def _seen(
    job: Job, environment: Environment, clock: Clock, *, once: bool
) -> tuple[Observation, Repeated]:
    """Run every agent as it is, and a second time unless `once`."""
    seen = observe(job.config, job.image, job.agents, environment, clock)
    save_traces(job, seen)
    require_success(seen.subject.traces)
    if once:
        return seen, Repeated()
    again = repeat(job.config, job.agents, seen, environment, clock)
    seen = seen.counting(again.traces, again=again.traces)
    save_traces(job, seen)
    return seen, again


def _outside(case: Case, settled: Settled) -> Used:
    """Return the files outside of distributions that agents used, or that what stays asks for."""
    subject = case.seen.subject
    inventory, runs = subject.inventory, (*subject.traces, *subject.also)
    kept = {row.name for row in settled.verdicts if row.kept}
    gone = given_up(runs, settled.traces) if settled.holds else frozenset()
    return Used(
        seen=used_files(runs, inventory) - gone,
        linked=linked_files(
            inventory, case.linkage, case.system.libraries, kept, case.known.optional
        ),
    )


def _gpu(
    job: Job, environment: Environment, seen: Observation, modules: Sequence[str], clock: Clock
) -> GpuReport | None:
    """Ask what was loaded for the GPU, where the image wants one."""
    if not job.image.gpu:
        return None
    with clock.step("ask for the GPU", sandbox=True):
        return first(environment, Asking(job.agents, modules), seen.runs)


def _with_records(
    job: Job, seen: Observation, records: dict[str, Record], runtime: str, clock: Clock
) -> Observation:
    root = project_folder(job.config, job.image, runtime)
    recalled = recall(records, job.image, root, seen.subject.inventory)
    if not recalled.runs:
        return seen
    earlier = "1 earlier one" if recalled.runs == 1 else f"{recalled.runs} earlier ones"
    clock.note(f"evidence: this run and {earlier} (pruner trace begins anew)")
    return seen.counting(recalled.traces, noted=recalled.findings)


def _document(watched: Watched, settled: Settled) -> Document:
    job, (seen, ownership, *_) = watched.job, watched.case
    subject = seen.subject
    before = sum(dist.size_bytes for dist in subject.inventory.distributions)
    after = sum(row.size_bytes for row in settled.verdicts if row.kept)
    agents = reports(subject.traces)
    weighed = settled.decided.weighed
    return Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=watched.runtime,
        policy=job.policy,
        python=subject.inventory.python,
        agents=with_programs(agents, subject.traces, subject.inventory, ownership),
        distributions=settled.verdicts,
        conflicts=settled.conflicts,
        findings=(
            *(settled.text.findings if settled.text else ()),
            *settled.built.findings,
            *findings(seen, weighed, tuple(job.image.services)),
        ),
        size_bytes=Sizes(before=before, after=after),
        proof=settled.proof,
        # That of a local sandbox is a throwaway's.
        executable=subject.inventory.executable if watched.runtime == "docker" else "",
        base=watched.below.base,
        packages=watched.below.packages,
        gpu=settled.gpu or seen.gpu,
    )


def save_traces(job: Job, seen: Observation) -> None:
    """Keep the traces, also those of a failed run: they say why."""
    folder = private_folder(job.config, job.image) / "traces"
    files = {folder / f"{item.agent}.json": item for item in seen.subject.traces}
    files |= {folder / "again" / f"{item.agent}.json": item for item in seen.again}
    write_all({path: plain_json(item) for path, item in files.items()})


def select(image: Image, names: Sequence[str]) -> tuple[Agent, ...]:
    """Return the agents of an image that were named, all of them where none was."""
    known = {agent.name: agent for agent in image.agents}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"images.{image.name} has no agent {unknown[0]!r}",
            hint=f"it has {', '.join(known)}",
        )
    return tuple(known[name] for name in names) or image.agents
