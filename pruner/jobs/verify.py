"""`pruner verify`: prove the committed lock again."""

from pruner.clock import Clock
from pruner.errors import UsageError
from pruner.jobs.committed import read_verdicts
from pruner.jobs.lock import Job
from pruner.jobs.observe import declared_places, locks_folder, reports
from pruner.jobs.prove import Trial, prove
from pruner.lock.header import CONSTRAINTS
from pruner.lock.moving import installable
from pruner.model import SCHEMA, Document, ProofReport
from pruner.sandbox.base import LockFiles, Sandbox


def run(job: Job, sandbox: Sandbox, clock: Clock) -> Document:
    """Run every agent from the committed lock, and compare with the outcomes that it recorded."""
    folder = locks_folder(job.config, job.image)
    committed = read_verdicts(folder / "verdicts.json")
    lock = folder / "requirements.txt"
    if not lock.is_file():
        raise UsageError(f"{lock}: missing, though verdicts.json is there")
    expected = {report.name: report for report in committed.agents}
    new = [agent.name for agent in job.agents if agent.name not in expected]
    if new:
        raise UsageError(
            f"{lock}: was made without the agent {new[0]!r}",
            hint=f"`pruner lock --image {job.image.name}` makes it anew",
        )
    text = lock.read_text(encoding="utf-8", errors="replace")
    places = declared_places(job.config, job.image)
    file = folder / CONSTRAINTS
    files = LockFiles(
        requirements=installable(text, folder, places.urls),
        constraints=file.read_text(encoding="utf-8", errors="replace") if file.is_file() else "",
        own={row.name: row.own for row in committed.distributions if row.own is not None},
    )
    result = prove(Trial(job.image, job.agents, sandbox, clock), expected, files)
    return Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=sandbox.name,
        policy=committed.policy,
        python=committed.python,
        agents=reports(result.traces),
        lock=committed.lock,
        proof=ProofReport(passed=not result.differences, rounds=1, differences=result.differences),
    )
