"""Decide, lock and prove, and put back what the proof misses, until nothing changes any more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.requirements import Requirement

from pruner.analysis.attribution import Ownership
from pruner.analysis.conflicts import Known, applied, conflicts
from pruner.analysis.evidence import reached
from pruner.analysis.offers import Scene
from pruner.analysis.promises import broken_promises
from pruner.analysis.stacks import stacks
from pruner.analysis.system import System
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import Reading, Subject, Weighed, weigh
from pruner.config import Image
from pruner.jobs.building import Builders, Building
from pruner.jobs.inspect import Inspection
from pruner.jobs.knowledge import Knowledge
from pruner.jobs.natives import natives
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import Round, Trial, missed, prove
from pruner.jobs.replace import Plan, planned, to_replace
from pruner.lock.moving import installable
from pruner.lock.origins import Origins
from pruner.lock.pins import LockText, lock
from pruner.lock.places import Places
from pruner.model import Conflict, Policy, ProofReport, Restored, Value, Verdict, normalise
from pruner.sandbox.base import LockFiles

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Case(NamedTuple):
    """What is to be settled, and what is known of such cases."""

    seen: Observation
    ownership: Ownership
    reading: Reading
    system: System
    known: Knowledge
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
    built: Building = Building()


class _Decided(NamedTuple):
    """One round's decision."""

    weighed: Weighed
    verdicts: tuple[Verdict, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to choose."""
        return all(row.settled for row in self.conflicts)


def to_install(text: LockText, places: Places, constraints: str) -> LockFiles:
    """Return a lock as uv installs it: with the credentials that it needs."""
    whole = installable(text.requirements, Path("/"), places.urls)
    return LockFiles(requirements=whole, constraints=constraints)


def settle(trial: Trial, case: Case, policy: Policy) -> Settled:
    """Decide and prove until the proof puts nothing back any more."""
    expected = {report.name: report for report in reports(case.seen.subject.traces)}
    origins = Origins(trial.image.name, case.seen.subject.inventory, case.seen.places)
    builders = Builders(trial.image, trial.sandbox, trial.clock, origins)
    subject, restored, rounds = case.seen.subject, dict[str, str](), 0
    while True:
        rounds += 1
        with trial.clock.step("decide", sandbox=False):
            decided = _decided(trial.image, case, subject, policy)
        if not decided.settled:
            return Settled(
                verdicts=decided.verdicts, weighed=decided.weighed, conflicts=decided.conflicts
            )
        with trial.clock.step("look up the hashes", sandbox=False):
            plan = _planned(trial.image, case, subject, decided)
            text = lock(plan.inventory, plan.verdicts, origins)
        built = builders.of(text)
        inspection = Inspection(trial, case.known, plan)
        proof = prove(
            trial,
            expected,
            to_install(text, case.seen.places, built.constraints),
            _kept_names(case.holding, plan, decided.conflicts),
            inspection.look if plan.changed else None,
        )
        asked = _missed(proof, plan, decided.conflicts, case.ownership)
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
        verdicts=inspection.sized(plan.verdicts),
        weighed=decided.weighed,
        conflicts=(
            *decided.conflicts,
            *inspection.conflicts,
            *stacks(subject.inventory, case.reading.linkage, plan.verdicts),
            *broken_promises(plan.inventory, plan.verdicts),
        ),
        text=text,
        proof=report,
        built=built,
    )


def _decided(image: Image, case: Case, subject: Subject, policy: Policy) -> _Decided:
    """Decide about every distribution, conflicts included.

    What the configuration moves to another version cannot be judged by the files that are here;
    that is done in the environment of the proof.
    """
    weighed = weigh(subject, case.ownership, case.reading, policy)
    verdicts = decide(subject.inventory, weighed.evidence, policy)
    known = _known(image, subject, case.ownership)
    found = conflicts(known, verdicts, case.known.families)
    if all(row.settled for row in found):
        verdicts = applied(verdicts, found)
    if not to_replace(subject.inventory, found, image.use):
        scene = Scene(
            inventory=subject.inventory,
            linkage=dict(case.reading.linkage),
            system=case.system,
            kept=frozenset(row.name for row in verdicts if row.kept),
            traces=known.traces,
        )
        found = (*found, *natives(scene, case.ownership, case.known, image.name))
    return _Decided(weighed, verdicts, found)


def _planned(image: Image, case: Case, subject: Subject, decided: _Decided) -> Plan:
    return planned(
        image.name,
        subject.inventory,
        decided.verdicts,
        decided.conflicts,
        image.use,
        case.seen.places,
    )


def _missed(
    proof: Round, plan: Plan, found: Sequence[Conflict], ownership: Ownership
) -> dict[str, str]:
    """Return what the proof puts back: nothing that has lost a conflict."""
    if not proof.differences:
        return {}
    lost = {key for row in found for key in row.drop}
    return missed(proof.traces, [row for row in plan.verdicts if row.name not in lost], ownership)


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
