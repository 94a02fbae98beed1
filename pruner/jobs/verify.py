"""`pruner verify`: prove the committed lock again."""

from pathlib import Path
from typing import NamedTuple

from pruner.clock import Clock
from pruner.document import SCHEMA, Document, ProofReport
from pruner.errors import UsageError
from pruner.jobs.committed import read_verdicts
from pruner.jobs.lock import Job
from pruner.jobs.observe import declared_places, locks_folder, reports
from pruner.jobs.prove import Trial, prove
from pruner.lock.header import CONSTRAINTS
from pruner.lock.moving import installable
from pruner.sandbox.base import LockFiles, Sandbox


class Written(NamedTuple):
    """A lock as it was written: its document, its texts, and where it lies."""

    document: Document
    file: Path  # its requirements.txt
    requirements: str
    constraints: str  # "" where nothing has to be built


def run(job: Job, sandbox: Sandbox, clock: Clock) -> Document:
    """Run every agent from the committed lock, and compare with the outcomes that it recorded."""
    folder = locks_folder(job.config, job.image)
    committed = read_verdicts(folder / "verdicts.json")
    lock = folder / "requirements.txt"
    if not lock.is_file():
        hint = f"`pruner rollback {job.image.name}` puts the last accepted lock back"
        raise UsageError(f"{lock}: missing, though verdicts.json is there", hint=hint)
    text = lock.read_text(encoding="utf-8", errors="replace")
    file = folder / CONSTRAINTS
    constraints = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    return check(job, Written(committed, lock, text, constraints), sandbox, clock)


def check(job: Job, lock: Written, sandbox: Sandbox, clock: Clock) -> Document:
    """Prove a lock as the one that is committed, wherever it lies."""
    committed = lock.document
    expected = {report.name: report for report in committed.agents}
    new = [agent.name for agent in job.agents if agent.name not in expected]
    if new:
        raise UsageError(
            f"{lock.file}: was made without the agent {new[0]!r}",
            hint=f"`pruner lock --image {job.image.name}` makes it anew",
        )
    places = declared_places(job.config, job.image)
    folder = locks_folder(job.config, job.image)  # its relative paths are meant from there
    files = LockFiles(
        requirements=installable(lock.requirements, folder, places.urls),
        constraints=lock.constraints,
        own={row.name: row.own for row in committed.distributions if row.own is not None},
    )
    names = committed.proof.touched if committed.proof else ()
    trial = Trial(job.image, job.agents, sandbox, clock)
    result = prove(trial, expected, files, names, gpu=committed.gpu)
    return Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=sandbox.name,
        policy=committed.policy,
        python=committed.python,
        agents=reports(result.traces),
        lock=committed.lock,
        proof=ProofReport(
            passed=not result.differences,
            rounds=1,
            differences=result.differences,
            touched=result.touched,
        ),
        gpu=result.gpu,
    )
