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
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import Reading, Subject, Weighed, weigh
from pruner.config import Image
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import Round, Trial, missed, prove
from pruner.jobs.replace import Plan, Wish, planned
from pruner.lock.pins import LockText, index_lines, lock
from pruner.model import Conflict, Policy, ProofReport, Restored, Value, Verdict, normalise

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Case(NamedTuple):
    """What is to be settled: values alone, which outlive the environment that they were seen in."""

    seen: Observation
    ownership: Ownership
    families: Sequence[Family] = ()
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

    @property
    def holds(self) -> bool:
        """Whether there is a lock that was proven, and no conflict is open."""
        proven = self.proof is not None and self.proof.passed
        return proven and all(row.settled for row in self.conflicts)


def settle(trial: Trial, case: Case, reading: Reading, policy: Policy) -> Settled:
    """Decide and prove until the proof puts nothing back any more."""
    subject, restored, rounds = case.seen.subject, dict[str, str](), 0
    while True:
        rounds += 1
        decided = _decided(trial, case, subject, reading, policy)
        found = decided.conflicts
        if not all(row.settled for row in found):
            return Settled(verdicts=decided.verdicts, decided=decided, conflicts=found)
        with trial.clock.step("look up the hashes", sandbox=False):
            plan = plan_of(trial.image, case, decided, Wish(use=trial.image.use))
            text = _text(trial.image, case, plan)
        proof = _tried(trial, case, decided, plan, text)
        lost = {key for row in found for key in row.drop}
        could = [row for row in plan.verdicts if row.name not in lost]
        asked = missed(proof.traces, could, case.ownership) if proof.differences else {}
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
    return _settled(decided, plan, proof, text, report)


def settle_as(trial: Trial, case: Case, before: Settled, plan: Plan) -> Settled:
    """Lock and prove another plan for what was decided `before`; nothing is put back here.

    What the plan's versions miss of what was left out makes its proof fail.
    """
    with trial.clock.step("look up the hashes", sandbox=False):
        text = _text(trial.image, case, plan)
    proof = _tried(trial, case, before.decided, plan, text)
    report = ProofReport(
        passed=not proof.differences,
        rounds=1,
        restored=before.proof.restored if before.proof else (),
        differences=proof.differences,
    )
    return _settled(before.decided, plan, proof, text, report)


def plan_of(image: Image, case: Case, decided: Decided, wish: Wish) -> Plan:
    """Return what is to be locked for what was decided; raise UsageError where nothing fits."""
    return planned(
        image.name,
        case.seen.subject.inventory,
        applied(decided.verdicts, decided.conflicts),
        decided.conflicts,
        wish._replace(options=index_lines(case.seen.requirements.indexes)),
    )


def _decided(
    trial: Trial, case: Case, subject: Subject, reading: Reading, policy: Policy
) -> Decided:
    with trial.clock.step("decide", sandbox=False):
        weighed = weigh(subject, case.ownership, reading, policy)
        verdicts = decide(subject.inventory, weighed.evidence, policy)
        found = conflicts(_known(trial.image, subject, case.ownership), verdicts, case.families)
    return Decided(verdicts=verdicts, weighed=weighed, conflicts=found)


def _text(image: Image, case: Case, plan: Plan) -> LockText:
    options = index_lines(case.seen.requirements.indexes)
    return lock(image.name, plan.inventory, plan.verdicts, options)


def _tried(trial: Trial, case: Case, decided: Decided, plan: Plan, text: LockText) -> Round:
    """Run every agent from the lock of a plan."""
    return prove(
        trial,
        {report.name: report for report in reports(case.seen.subject.traces)},
        text.requirements,
        _kept_names(case.holding, plan, decided.conflicts),
        measured=bool(plan.changed),
    )


def _settled(
    decided: Decided, plan: Plan, proof: Round, text: LockText, report: ProofReport
) -> Settled:
    declared = msgspec.structs.replace(
        plan.inventory,
        distributions=tuple(
            msgspec.structs.replace(dist, requires=proof.installed[dist.key].requires)
            if dist.key in plan.changed and dist.key in proof.installed
            else dist
            for dist in plan.inventory.distributions
        ),
    )
    return Settled(
        verdicts=_sized(plan, proof),
        decided=decided,
        conflicts=(*decided.conflicts, *broken_promises(declared, plan.verdicts)),
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
        msgspec.structs.replace(row, size_bytes=proof.installed[row.name].size_bytes)
        if row.name in plan.changed and row.name in proof.installed
        else row
        for row in plan.verdicts
    )
