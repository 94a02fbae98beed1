"""`pruner trace`: run the agents of an image and say which distributions they load."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.moved import Place
from pruner.analysis.programs import with_programs
from pruner.analysis.runs import Past, Use, changed_since, modules_of, what_runs_added
from pruner.analysis.spelling import Spelling
from pruner.analysis.verdicts import Evidence, decide
from pruner.clock import Clock
from pruner.document import SCHEMA, AgentReport, Document, Sizes
from pruner.files import plain_json, write_all
from pruner.jobs.findings import misplaced, tell
from pruner.jobs.first_party import first_party
from pruner.jobs.lock import Job
from pruner.jobs.observe import (
    own_inventory,
    private_folder,
    read_image_requirements,
    reports,
    require_success,
    trace,
)
from pruner.jobs.own import with_copies
from pruner.jobs.recall import past, project_folder
from pruner.jobs.record import Run, read_records, write_runs
from pruner.model import Inventory, Level, Policy, Trace
from pruner.rules import startup_modules
from pruner.sandbox.base import Sandbox


def run(job: Job, sandbox: Sandbox, clock: Clock, *, append: bool = False) -> Document:
    """Carry out the job, keep what was seen, and return the document, observed distributions only.

    With `append` the runs are added to the agents' records, and the document tells of all of them.
    """
    requirements = read_image_requirements(job.config, job.image)
    tell(misplaced(requirements), clock)
    folder = private_folder(job.config, job.image)
    if append:  # the mistakes of a record are told before any installing
        read_records(folder, [agent.name for agent in job.agents])
    with ExitStack() as stack:
        with clock.step("install the original", sandbox=True):
            environment = stack.enter_context(sandbox.original(job.image))
        inventory = own_inventory(job.config, job.image, environment, clock)
        traces = tuple(trace(environment, agent, clock) for agent in job.agents)
    write_all({folder / "traces" / f"{item.agent}.json": plain_json(item) for item in traces})
    require_success(traces)
    root = project_folder(job.config, job.image, sandbox.name)
    place = Place(site_dirs=inventory.site_dirs, aliases=inventory.aliases, root=root)
    runs = _runs(traces, inventory, place, sandbox.name, append=append)
    records = write_runs(folder, runs, append=append)
    histories = {name: past(record.runs, root, inventory) for name, record in records.items()}
    document = _document(job, sandbox.name, inventory, reports(traces), histories, clock)
    found = (*misplaced(requirements), *document.findings)
    return msgspec.structs.replace(document, findings=found)


def _runs(
    traces: tuple[Trace, ...], inventory: Inventory, place: Place, runtime: str, *, append: bool
) -> dict[str, Run]:
    now = datetime.now(UTC)
    pins = {dist.key: dist.version for dist in inventory.distributions}
    return {
        item.agent: Run(
            when=now,
            runtime="docker" if runtime == "docker" else "local",
            python=inventory.python,
            place=place,
            pins=pins,
            appended=append,
            trace=item,
        )
        for item in traces
    }


def _document(
    job: Job,
    runtime: str,
    inventory: Inventory,
    agents: tuple[AgentReport, ...],
    histories: Mapping[str, tuple[Past, ...]],
    clock: Clock,
) -> Document:
    tree = first_party(job.config, clock.note)
    inventory = with_copies(inventory, tree)
    ownership = Ownership(inventory)
    use = Use(inventory, ownership, startup_modules())
    everything = [item for history in histories.values() for item in history]
    traces = [item.trace for item in everything]
    started = with_programs(agents, traces, inventory, ownership)
    seen = Spelling(ownership, tree).proofs(use.of(traces))
    verdicts = decide(inventory, Evidence(proofs={Level.OBSERVED: seen}), Policy.SAFE)
    rows = tuple(row for row in verdicts if row.level == Level.OBSERVED.word)
    return Document(
        schema=SCHEMA,
        image=job.image.name,
        runtime=runtime,
        policy=job.policy,
        python=inventory.python,
        agents=tuple(_told(agent, histories[agent.name], use) for agent in started),
        distributions=rows,
        findings=changed_since(everything, inventory, use, job.image.name),
        size_bytes=Sizes(
            before=sum(dist.size_bytes for dist in inventory.distributions),
            after=sum(row.size_bytes for row in rows),
        ),
    )


def _told(agent: AgentReport, history: tuple[Past, ...], use: Use) -> AgentReport:
    """Return the newest run of an agent with what all of its runs saw."""
    return msgspec.structs.replace(
        agent, modules=modules_of(history), runs=what_runs_added(history, use)
    )
