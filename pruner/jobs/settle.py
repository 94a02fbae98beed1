"""Decide, lock and prove, and put back what the proof misses, until nothing changes any more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.requirements import Requirement

from pruner.analysis.attribution import Ownership
from pruner.analysis.conflicts import Known, applied, conflicts
from pruner.analysis.evidence import reached
from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Scene
from pruner.analysis.promises import broken_promises
from pruner.analysis.rivals import contested
from pruner.analysis.system import System
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import Reading, Subject, Weighed, weigh
from pruner.config import Image
from pruner.document import GpuReport, ProofReport, Restored
from pruner.jobs.building import Builders, Building
from pruner.jobs.inspect import Inspection
from pruner.jobs.knowledge import Knowledge
from pruner.jobs.natives import natives
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import Round, Trial, missed, prove
from pruner.jobs.replace import Plan, Wish, planned, to_replace
from pruner.lock.moving import installable
from pruner.lock.origins import Origins
from pruner.lock.pins import LockText, lock
from pruner.lock.places import Places
from pruner.model import Conflict, Policy, Trace, Value, Verdict, normalise
from pruner.sandbox.base import LockFiles

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Case(NamedTuple):
    """What is to be settled: values alone, which outlive the environment that they were seen in."""

    seen: Observation
    ownership: Ownership
    linkage: dict[str, Linkage]  # by path of an installed library
    system: System
    known: Knowledge
    holding: Mapping[str, tuple[str, ...]] = {}  # import names that hold something -> their owners


class Decided(Value, frozen=True):
    """What the evidence says, before versions are looked for; the conflicts of what stays."""

    verdicts: tuple[Verdict, ...]
    weighed: Weighed
    conflicts: tuple[Conflict, ...] = ()


class Settled(Value, frozen=True):
    """What was decided, what that rests on, and how the proof went.

    There is no lock and no proof while a conflict is not settled.
    """

    verdicts: tuple[Verdict, ...]
    decided: Decided
    conflicts: tuple[Conflict, ...] = ()
    text: LockText | None = None
    proof: ProofReport | None = None
    built: Building = Building()
    gpu: GpuReport | None = None
    traces: tuple[Trace, ...] = ()  # of the proof's last round

    @property
    def holds(self) -> bool:
        """Whether there is a lock that was proven, and no conflict is open."""
        proven = self.proof is not None and self.proof.passed
        return proven and all(row.settled for row in self.conflicts)


class _Attempt(NamedTuple):
    """A plan that was locked and tried."""

    plan: Plan
    text: LockText
    built: Building
    proof: Round
    inspection: Inspection


class _Press:
    """Makes locks of one case, and tries them."""

    def __init__(self, trial: Trial, case: Case) -> None:
        self._trial = trial
        self._case = case
        self._origins = Origins(trial.image.name, case.seen.subject.inventory, case.seen.places)
        self._builders = Builders(trial.image, trial.sandbox, trial.clock, self._origins)

    def attempt(self, plan: Plan, found: Sequence[Conflict]) -> _Attempt:
        """Lock a plan, and run every agent from that."""
        with self._trial.clock.step("look up the hashes", sandbox=False):
            text = lock(plan.inventory, plan.verdicts, self._origins)
        built = self._builders.of(text)
        case = self._case
        inspection = Inspection(self._trial, case.known, case.seen.subject.inventory, case.linkage)
        proof = prove(
            self._trial,
            {report.name: report for report in reports(self._case.seen.subject.traces)},
            to_install(text, self._case.seen.places, built.constraints, plan.verdicts),
            _kept_names(self._case.holding, plan, found),
            inspection.look if plan.changed else None,
            self._case.seen.gpu,
        )
        return _Attempt(plan, text, built, proof, inspection)


def to_install(
    text: LockText, places: Places, constraints: str, verdicts: Sequence[Verdict]
) -> LockFiles:
    """Return a lock as uv installs it: with the credentials that it needs, and its own code."""
    whole = installable(text.requirements, Path("/"), places.urls)
    own = {row.name: row.own for row in verdicts if row.own is not None and row.kept}
    return LockFiles(requirements=whole, constraints=constraints, own=own)


def settle(trial: Trial, case: Case, reading: Reading, policy: Policy) -> Settled:
    """Decide and prove until the proof puts nothing back any more."""
    about = contested(case.seen.subject.inventory, case.known.families, _chosen(trial.image))
    reading = reading._replace(about=about)
    press = _Press(trial, case)
    subject, restored, rounds = case.seen.subject, dict[str, str](), 0
    while True:
        rounds += 1
        with trial.clock.step("decide", sandbox=False):
            decided = _decided(trial.image, case, subject, reading, policy)
        if not all(row.settled for row in decided.conflicts):
            return Settled(verdicts=decided.verdicts, decided=decided, conflicts=decided.conflicts)
        with trial.clock.step("look for what fits", sandbox=False):
            plan = plan_of(trial.image, case, decided, Wish(use=trial.image.use))
        tried = press.attempt(plan, decided.conflicts)
        asked = _missed(tried, decided, case.ownership)
        if not asked or rounds == MOST_ROUNDS:
            break
        for key, why in asked.items():
            trial.clock.note(f"{key} {why}")
        restored |= asked
        subject = msgspec.structs.replace(subject, wanted={**subject.wanted, **asked})
    report = ProofReport(
        passed=not tried.proof.differences,
        rounds=rounds,
        restored=tuple(Restored(name=name, why=why) for name, why in restored.items()),
        differences=tried.proof.differences,
        touched=tried.proof.touched,
    )
    return _settled(decided, tried, report)


def settle_as(trial: Trial, case: Case, before: Settled, plan: Plan) -> Settled:
    """Lock and prove another plan for what was decided `before`; nothing is put back here.

    What the plan's versions miss of what was left out makes its proof fail.
    """
    tried = _Press(trial, case).attempt(plan, before.decided.conflicts)
    report = ProofReport(
        passed=not tried.proof.differences,
        rounds=1,
        restored=before.proof.restored if before.proof else (),
        differences=tried.proof.differences,
        touched=tried.proof.touched,
    )
    return _settled(before.decided, tried, report)


def plan_of(image: Image, case: Case, decided: Decided, wish: Wish) -> Plan:
    """Return what is to be locked for what was decided; raise UsageError where nothing fits."""
    return planned(
        image.name,
        case.seen.subject.inventory,
        applied(decided.verdicts, decided.conflicts),
        decided.conflicts,
        wish._replace(places=case.seen.places),
    )


def _decided(
    image: Image, case: Case, subject: Subject, reading: Reading, policy: Policy
) -> Decided:
    """Decide about every distribution, and find what cannot live together, or here.

    What the configuration moves to another version cannot be judged by the files that are here;
    that is done in the environment of the proof.
    """
    weighed = weigh(subject, case.ownership, reading, policy)
    verdicts = decide(subject.inventory, weighed.evidence, policy)
    known = _known(image, subject, case.ownership)._replace(installed=weighed.used)
    found = conflicts(known, verdicts, case.known.families)
    if not to_replace(subject.inventory, found, image.use):
        settled = all(row.settled for row in found)
        staying = applied(verdicts, found) if settled else verdicts
        scene = Scene(
            inventory=subject.inventory,
            linkage=case.linkage,
            system=case.system,
            kept=frozenset(row.name for row in staying if row.kept),
            traces=known.traces,
        )
        found = (*found, *natives(scene, case.ownership, case.known, image.name))
    return Decided(verdicts=verdicts, weighed=weighed, conflicts=found)


def _missed(tried: _Attempt, decided: Decided, ownership: Ownership) -> dict[str, str]:
    """Return what the proof puts back: nothing that has lost a conflict."""
    if not tried.proof.differences:
        return {}
    lost = {key for row in decided.conflicts for key in row.drop}
    could = [row for row in tried.plan.verdicts if row.name not in lost]
    return missed(tried.proof.traces, could, ownership)


def _settled(decided: Decided, tried: _Attempt, report: ProofReport) -> Settled:
    plan, inspection = tried.plan, tried.inspection
    return Settled(
        verdicts=inspection.sized(plan),
        decided=decided,
        conflicts=(
            *decided.conflicts,
            *inspection.conflicts,
            *inspection.stacks(plan),
            *broken_promises(inspection.declared(plan), plan.verdicts),
        ),
        text=tried.text,
        proof=report,
        built=tried.built,
        gpu=tried.proof.gpu,
        traces=tried.proof.traces,
    )


def _known(image: Image, subject: Subject, ownership: Ownership) -> Known:
    traces = (*subject.traces, *subject.also)
    return Known(
        image=image.name,
        inventory=subject.inventory,
        ownership=ownership,
        traces=traces,
        tree=subject.tree,
        files=reached(subject.tree, subject.entries, traces),
        gpu=image.gpu,
        use=_chosen(image),
    )


def _chosen(image: Image) -> dict[str, str]:
    """Return what the configuration names: key -> requirement."""
    kept = {normalise(name): name for name in image.keep}
    return kept | {normalise(Requirement(line).name): line for line in image.use}


def _kept_names(
    holding: Mapping[str, tuple[str, ...]], plan: Plan, found: Sequence[Conflict]
) -> list[str]:
    """Return the import names whose owners are kept, or have something in their place."""
    kept = {row.name for row in plan.verdicts if row.kept}
    kept |= {key for row in found if row.keep or row.use for key in row.drop}
    return [name for name, owners in holding.items() if kept.issuperset(owners)]
