"""Decide, lock and prove, and put back what the proof misses, until nothing changes any more."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import Reading, Weighed, weigh
from pruner.clock import Clock
from pruner.config import Agent, Image
from pruner.jobs.building import Builders, Building
from pruner.jobs.observe import Observation, reports
from pruner.jobs.prove import missed, prove
from pruner.lock.moving import installable
from pruner.lock.origins import Origins
from pruner.lock.pins import LockText, lock
from pruner.lock.places import Places
from pruner.model import Policy, ProofReport, Restored, Value, Verdict
from pruner.sandbox.base import LockFiles, Sandbox

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Trial(NamedTuple):
    """What a lock is proven with."""

    image: Image
    agents: Sequence[Agent]
    sandbox: Sandbox
    clock: Clock


class Settled(Value, frozen=True):
    """What was decided, what that rests on, and how the proof went."""

    verdicts: tuple[Verdict, ...]
    weighed: Weighed
    text: LockText
    proof: ProofReport
    built: Building = Building()


def to_install(text: LockText, places: Places, constraints: str) -> LockFiles:
    """Return a lock as uv installs it: with the credentials that it needs."""
    whole = installable(text.requirements, Path("/"), places.urls)
    return LockFiles(requirements=whole, constraints=constraints)


def settle(
    trial: Trial, seen: Observation, ownership: Ownership, reading: Reading, policy: Policy
) -> Settled:
    """Decide and prove until the proof puts nothing back any more."""
    expected = {report.name: report for report in reports(seen.subject.traces)}
    origins = Origins(trial.image.name, seen.subject.inventory, seen.places)
    builders = Builders(trial.image, trial.sandbox, trial.clock, origins)
    subject, restored, rounds = seen.subject, dict[str, str](), 0
    while True:
        rounds += 1
        with trial.clock.step("decide", sandbox=False):
            weighed = weigh(subject, ownership, reading, policy)
            verdicts = decide(subject.inventory, weighed.evidence, policy)
        with trial.clock.step("look up the hashes", sandbox=False):
            text = lock(subject.inventory, verdicts, origins)
        built = builders.of(text)
        files = to_install(text, seen.places, built.constraints)
        proof = prove(trial.sandbox, trial.image, trial.agents, expected, files, trial.clock)
        asked = missed(proof.traces, verdicts, ownership) if proof.differences else {}
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
    return Settled(verdicts=verdicts, weighed=weighed, text=text, proof=report, built=built)
