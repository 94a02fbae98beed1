"""`pruner trace`: run the agents of an image and say which distributions they load."""

from contextlib import ExitStack

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import joined, observed
from pruner.analysis.spelling import Spelling
from pruner.analysis.usage import used_data
from pruner.analysis.verdicts import Evidence, decide
from pruner.clock import Clock
from pruner.files import write_all
from pruner.jobs.lock import Job
from pruner.jobs.observe import (
    private_folder,
    read_image_requirements,
    reports,
    require_success,
    take_inventory,
    trace,
)
from pruner.model import SCHEMA, Document, Level, Policy, Sizes
from pruner.rules import startup_modules
from pruner.sandbox.base import Sandbox
from pruner.static.tree import read_tree


def run(job: Job, sandbox: Sandbox, clock: Clock) -> Document:
    """Carry out the job, keep the traces, and return the document, observed distributions only."""
    requirements = read_image_requirements(job.config, job.image)
    with ExitStack() as stack:
        with clock.step("install the original", sandbox=True):
            environment = stack.enter_context(sandbox.original(job.image))
        inventory = take_inventory(environment, requirements, clock)
        traces = tuple(trace(environment, agent, clock) for agent in job.agents)
    folder = private_folder(job.config, job.image) / "traces"
    write_all({folder / f"{item.agent}.json": msgspec.json.encode(item) for item in traces})
    require_success(traces)
    ownership = Ownership(inventory)
    tree = read_tree(job.config.root, job.config.source)
    used = joined(
        observed(traces, ownership, startup_modules()),
        used_data(traces, ownership, len(inventory.distributions)),
    )
    seen = Spelling(ownership, tree).proofs(used)
    evidence = Evidence(proofs={Level.OBSERVED: seen})
    verdicts = decide(inventory, evidence, Policy.SAFE)
    rows = tuple(row for row in verdicts if row.level == Level.OBSERVED.word)
    return Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=sandbox.name,
        policy=job.policy,
        python=inventory.python,
        agents=reports(traces),
        distributions=rows,
        size_bytes=Sizes(
            before=sum(dist.size_bytes for dist in inventory.distributions),
            after=sum(row.size_bytes for row in rows),
        ),
    )
