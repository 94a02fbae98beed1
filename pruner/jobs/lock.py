"""`pruner lock`: watch, decide, lock, prove; put back what the proof misses, and prove again."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import Missing, imported, joined, observed, reached, shown
from pruner.analysis.usage import phoned, used_data
from pruner.analysis.verdicts import Findings, decide_safe, sizes
from pruner.clock import Clock
from pruner.config import Agent, Config, Image
from pruner.errors import UsageError
from pruner.files import write_all
from pruner.jobs.confidence import Repeated, assess, repeat
from pruner.jobs.observe import (
    Observation,
    locks_folder,
    observe,
    private_folder,
    read_image_requirements,
    reports,
    require_success,
)
from pruner.jobs.prove import missed, prove
from pruner.lock.header import header
from pruner.lock.pins import LockText, index_lines, lock
from pruner.model import (
    SCHEMA,
    Document,
    Finding,
    LockFiles,
    Policy,
    ProofReport,
    Restored,
    Sizes,
    Value,
    Verdict,
    normalise,
)
from pruner.rules import startup_modules
from pruner.sandbox.base import Sandbox

MOST_ROUNDS = 20
"""Rounds of the proof: each puts at least one distribution back, and few need more than two."""


class Job(Value, frozen=True):
    """What `pruner lock` was asked to do."""

    config: Config
    image: Image
    agents: tuple[Agent, ...]
    policy: Policy


class Decision(Value, frozen=True):
    """What was decided, and what the decision rests on."""

    verdicts: tuple[Verdict, ...]
    missing: tuple[Missing, ...]


def require_policy(policy: Policy) -> None:
    """Refuse the policies that are not there yet."""
    if policy is not Policy.SAFE:
        raise UsageError(
            f"policy {policy.value!r} is not there yet",
            hint='use policy = "safe", or --policy safe',
        )


def run(job: Job, sandbox: Sandbox, clock: Clock, *, once: bool = False) -> Document:
    """Carry out the job, write the lock, and return the document; `once`: without a second run."""
    require_policy(job.policy)
    read_image_requirements(job.config, job.image)  # its mistakes are told before any installing
    with ExitStack() as stack:
        with clock.step("install the original", sandbox=True):
            environment = stack.enter_context(sandbox.original(job.image))
        seen = observe(job.config, job.image, job.agents, environment, clock)
        save_traces(job, seen)
        require_success(seen.traces)
        again = Repeated()
        if not once:
            again = repeat(job.config, job.agents, seen, environment, clock)
    seen = msgspec.structs.replace(seen, again=again.traces)
    save_traces(job, seen)
    document, text = _settle(job, sandbox, seen, clock)
    assert document.proof is not None  # noqa: S101  what was settled was proven, or not
    with clock.step("work out the confidence", sandbox=False):
        sure = assess(job.config, job.image, seen, again, document.distributions, document.proof)
    document = msgspec.structs.replace(document, confidence=sure)
    return _write(job, document, text)


def _settle(
    job: Job, sandbox: Sandbox, seen: Observation, clock: Clock
) -> tuple[Document, LockText]:
    """Decide and prove until the proof puts nothing back any more."""
    ownership = Ownership(seen.inventory)
    original = reports(seen.traces)
    expected = {report.name: report for report in original}
    restored: dict[str, str] = {}
    options = index_lines(seen.requirements.indexes)
    asked: dict[str, str] = {}
    rounds = 0
    while rounds < MOST_ROUNDS and (asked or not rounds):
        rounds += 1
        restored |= asked
        with clock.step("decide", sandbox=False):
            decision = decide(job, seen, ownership, restored)
        with clock.step("look up the hashes", sandbox=False):
            text = lock(job.image.name, seen.inventory, decision.verdicts, options)
        proof = prove(sandbox, job.image, job.agents, expected, text.requirements, clock)
        asked = missed(proof.traces, decision.verdicts, ownership) if proof.differences else {}
        for key, why in asked.items():
            clock.note(f"{key} {why}")
    report = ProofReport(
        passed=not proof.differences,
        rounds=rounds,
        restored=tuple(Restored(name=name, why=why) for name, why in restored.items()),
        differences=proof.differences,
    )
    before, after = sizes(decision.verdicts)
    document = Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=sandbox.name,
        policy=job.policy,
        python=seen.inventory.python,
        agents=original,
        distributions=decision.verdicts,
        findings=_findings(job, decision, seen),
        size_bytes=Sizes(before=before, after=after),
        proof=report,
    )
    return document, text


def decide(job: Job, seen: Observation, ownership: Ownership, restored: dict[str, str]) -> Decision:
    """Join what was observed with what the code could import and with what is installed."""
    files = reached(seen.tree, seen.entries, seen.evidence)
    required, guarded, missing = imported(seen.tree, files, ownership)
    used = joined(
        observed(seen.evidence, ownership, startup_modules()),
        used_data(seen.evidence, ownership, len(seen.inventory.distributions)),
    )
    kept = {normalise(name): "kept by the configuration" for name in job.image.keep}
    findings = Findings(
        observed=shown(used, ownership, seen.tree),
        required=required,
        guarded=guarded,
        wanted={**kept, **restored},
    )
    return Decision(verdicts=decide_safe(seen.inventory, findings), missing=missing)


def _findings(job: Job, decision: Decision, seen: Observation) -> tuple[Finding, ...]:
    missing = [
        Finding(
            code="PRN101",
            severity="warning",
            where=f"{item.site.file}:{item.site.line}",
            what=f"imports {item.module}, which nothing installed provides",
            fix="add its distribution to the requirements, or guard the import",
        )
        for item in decision.missing
    ]
    unreadable = [
        Finding(
            code="PRN102",
            severity="warning",
            where=f"{item.path}:{item.line}",
            what=f"cannot be read, so its imports are unknown: {item.why}",
        )
        for item in seen.tree.unreadable
    ]
    local = [
        Finding(
            code="PRN103",
            severity="error",
            where=dist.key,
            what=f"was installed from {dist.local}, which a lock cannot pin",
            fix="publish it, or copy its source into the image as first-party code",
        )
        for dist in seen.inventory.distributions
        if dist.local is not None
    ]
    hosts = [
        Finding(
            code="PRN110",
            severity="note",
            where=agent,
            what=f"tried to reach {host}" + (f", at {by}" if by else ""),
            fix="nothing, if it is meant to; the sandbox let it through only where its network is",
        )
        for host, by, agent in phoned(seen.evidence, tuple(job.image.services))
    ]
    return (*missing, *unreadable, *local, *hosts)


def save_traces(job: Job, seen: Observation) -> None:
    """Keep the traces, also those of a failed run: they say why."""
    folder = private_folder(job.config, job.image) / "traces"
    again = {folder / "again" / f"{item.agent}.json": item for item in seen.again}
    files = {folder / f"{item.agent}.json": item for item in seen.traces} | again
    write_all({path: msgspec.json.encode(item) for path, item in files.items()})


def _write(job: Job, document: Document, text: LockText) -> Document:
    """Write a proven lock where it is committed, any other one aside."""
    passed = document.proof is not None and document.proof.passed
    folder = locks_folder(job.config, job.image)
    if not passed:
        folder = private_folder(job.config, job.image) / "unproven"
    names = {name: folder / name for name in ("requirements.txt", "pylock.toml", "verdicts.json")}
    shown = {name: _relative(path, job.config.root) for name, path in names.items()}
    files = LockFiles(
        requirements=shown["requirements.txt"], pylock=shown["pylock.toml"], pins=text.pins
    )
    document = msgspec.structs.replace(document, lock=files)
    above = header(document)
    write_all(
        {
            names["requirements.txt"]: f"{above}\n{text.requirements}",
            names["pylock.toml"]: f"{above}\n{text.pylock}",
            names["verdicts.json"]: encode(document),
        }
    )
    return document


def encode(document: Document) -> bytes:
    """Return the document as JSON for people and for diffs; times differ from run to run."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


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
