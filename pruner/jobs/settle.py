"""Decide, lock and prove, and put back what the proof misses, until nothing changes any more."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from packaging.requirements import Requirement

from pruner.analysis.attribution import Ownership
from pruner.analysis.conflicts import Known, applied, conflicts
from pruner.analysis.evidence import reached
from pruner.analysis.promises import broken_promises
from pruner.analysis.rivals import Family
from pruner.analysis.stacks import stacks
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import Reading, Subject, Weighed, weigh
from pruner.config import Image
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import Round, Trial, missed, prove
from pruner.jobs.replace import Plan, planned
from pruner.lock.pins import LockText, index_lines, lock
from pruner.model import Conflict, Policy, ProofReport, Restored, Value, Verdict, normalise

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Case(NamedTuple):
    """What is to be settled."""

    seen: Observation
    ownership: Ownership
    reading: Reading
    families: Sequence[Family] = ()
    holding: Mapping[str, tuple[str, ...]] = {}  # import names that hold something -> their owners


class Settled(Value, frozen=True):
    """What was decided, what that rests on, and how the proof went.

    There is no lock and no proof while a conflict is not settled.
    """

    verdicts: tuple[Verdict, ...]
    weighed: Weighed
    conflicts: tuple[Conflict, ...] = ()
    text: LockText | None = None
    proof: ProofReport | None = None


def settle(trial: Trial, case: Case, policy: Policy) -> Settled:
    """Decide and prove until the proof puts nothing back any more."""
    seen, ownership = case.seen, case.ownership
    expected = {report.name: report for report in reports(seen.subject.traces)}
    options = index_lines(seen.requirements.indexes)
    subject, restored, rounds = seen.subject, dict[str, str](), 0
    while True:
        rounds += 1
        with trial.clock.step("decide", sandbox=False):
            weighed = weigh(subject, ownership, case.reading, policy)
            verdicts = decide(subject.inventory, weighed.evidence, policy)
            found = conflicts(_known(trial.image, subject, ownership), verdicts, case.families)
        if not all(row.settled for row in found):
            return Settled(verdicts=verdicts, weighed=weighed, conflicts=found)
        with trial.clock.step("look up the hashes", sandbox=False):
            plan = planned(
                trial.image.name,
                subject.inventory,
                applied(verdicts, found),
                found,
                trial.image.use,
                options,
            )
            text = lock(trial.image.name, plan.inventory, plan.verdicts, options)
        proof = prove(
            trial,
            expected,
            text.requirements,
            _kept_names(case.holding, plan, found),
            measured=bool(plan.changed),
        )
        lost = {key for row in found for key in row.drop}
        could = [row for row in plan.verdicts if row.name not in lost]
        asked = missed(proof.traces, could, ownership) if proof.differences else {}
        if not asked or rounds == MOST_ROUNDS:
            break
        for key, why in asked.items():
            trial.clock.note(f"{key} {why}")
        restored |= asked
        subject = msgspec.structs.replace(subject, wanted={**subject.wanted, **asked})
    report = ProofReport(
        passed=not proof.differences,
        rounds=rounds,
        restored=tuple(Restored(name=name, why=why) for name, why in restored.items()),
        differences=proof.differences,
    )
    return Settled(
        verdicts=_sized(plan, proof),
        weighed=weighed,
        conflicts=(
            *found,
            *stacks(subject.inventory, case.reading.linkage, plan.verdicts),
            *broken_promises(plan.inventory, plan.verdicts),
        ),
        text=text,
        proof=report,
    )


def _known(image: Image, subject: Subject, ownership: Ownership) -> Known:
    traces = (*subject.traces, *subject.also)
    chosen = {normalise(name): name for name in image.keep}
    return Known(
        image=image.name,
        inventory=subject.inventory,
        ownership=ownership,
        traces=traces,
        tree=subject.tree,
        files=reached(subject.tree, subject.entries, traces),
        gpu=image.gpu,
        use=chosen | {normalise(Requirement(line).name): line for line in image.use},
    )


def _kept_names(
    holding: Mapping[str, tuple[str, ...]], plan: Plan, found: Sequence[Conflict]
) -> list[str]:
    """Return the import names whose owners are kept, or have something in their place."""
    kept = {row.name for row in plan.verdicts if row.kept}
    kept |= {key for row in found if row.keep or row.use for key in row.drop}
    return [name for name, owners in holding.items() if kept.issuperset(owners)]


def _sized(plan: Plan, proof: Round) -> tuple[Verdict, ...]:
    """Return the verdicts; what was not there before has the size that the proof saw."""
    return tuple(
        msgspec.structs.replace(row, size_bytes=proof.sizes.get(row.name, row.size_bytes))
        if row.name in plan.changed
        else row
        for row in plan.verdicts
    )
