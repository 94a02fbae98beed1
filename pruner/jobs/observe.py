"""Watching an image as it is: what is installed, what its agents load, what its code could load."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from packaging.requirements import Requirement

from pruner.analysis.asks import Said
from pruner.analysis.weigh import Subject
from pruner.clock import Clock
from pruner.config import Agent, Config, Image
from pruner.document import AgentReport, GpuReport
from pruner.errors import AgentError
from pruner.image.dockerfile import dockerfile_of
from pruner.inventory.graph import with_graph
from pruner.inventory.read import parse
from pruner.jobs.entered import commands_of, entered
from pruner.jobs.first_party import first_party
from pruner.jobs.own import own_requirements, with_copies, with_own
from pruner.lock.places import Places, gather
from pruner.model import AgentStatus, Finding, Inventory, SourceTree, Trace, Value, normalise
from pruner.requirements import Requirements, of_image
from pruner.sandbox.base import Environment
from pruner.sandbox.probes import printed
from pruner.static.commands import programs
from pruner.static.entry import child_imports, entry_files
from pruner.static.texts import named
from pruner.trace.run import run_agent

INVENTORY_TIMEOUT = 300.0


class Observation(Value, frozen=True):
    """What is known about an image before anything is decided."""

    subject: Subject
    requirements: Requirements
    places: Places = Places()
    noted: tuple[Finding, ...] = ()  # what has to be said of evidence from elsewhere
    again: tuple[Trace, ...] = ()  # of a second run: evidence too, and no outcome to be held to
    gpu: GpuReport | None = None  # what libraries said of it, where the image asks for one

    @property
    def runs(self) -> tuple[Trace, ...]:
        """Return the traces of both runs that this job made."""
        return (*self.subject.traces, *self.again)

    def counting(self, traces: Iterable[Trace], **more: tuple[Any, ...]) -> "Observation":
        """Return the same with the traces of other runs as evidence, and other fields changed."""
        subject = msgspec.structs.replace(self.subject, also=(*self.subject.also, *traces))
        return msgspec.structs.replace(self, subject=subject, **more)

    def with_gpu(self, gpu: GpuReport | None, *, missing: bool) -> "Observation":
        """Return the same with what is known of the GPU that the image asks for."""
        subject = msgspec.structs.replace(self.subject, no_gpu=missing)
        return msgspec.structs.replace(self, subject=subject, gpu=gpu)


def observe(
    config: Config, image: Image, agents: Sequence[Agent], environment: Environment, clock: Clock
) -> Observation:
    """Take stock of a prepared environment and run the agents in it."""
    requirements = read_image_requirements(config, image)
    inventory = own_inventory(config, image, environment, clock)
    with clock.step("read the source tree", sandbox=False):
        tree = first_party(config, clock.note, inventory.version)
        inventory = with_copies(inventory, tree)
        commands = commands_of(agents, dockerfile_of(image, config.root))
        own = [file for argv in commands.every for file in _own_scripts(inventory, tree, argv)]
        tree, entries = entered(tree, config, commands)
    traces = tuple(trace(environment, agent, clock) for agent in agents)
    subject = Subject(
        inventory=inventory,
        traces=traces,
        tree=tree,
        entries=tuple(dict.fromkeys((*entries, *own))),
        said=_said(config, image, agents),
        named=_named(config, image, agents),
        asked=frozenset(
            normalise(Requirement(line).name) for line in _direct(requirements, inventory, image)
        ),
        wanted={normalise(name): "kept by the configuration" for name in image.keep},
    )
    places = declared_places(config, image, inventory.indexes)
    return Observation(subject=subject, requirements=requirements, places=places)


def declared_places(config: Config, image: Image, more: Iterable[tuple[str, str]] = ()) -> Places:
    """Return the indexes that files, Dockerfile and environment name; `more` after these."""
    read = dockerfile_of(image, config.root)
    told = read.indexes if read is not None else ()
    requirements = read_image_requirements(config, image)
    return gather(image, requirements, [*told, *more], config.root)


def _named(config: Config, image: Image, agents: Sequence[Agent]) -> Said:
    """Return the programs that start the agents, and the installed files in their environments."""
    starts = [(agent.argv, f"the command of {agent.name}") for agent in agents]
    values = [
        (value, f"the environment of {agent.name}")
        for agent in agents
        for value in agent.env.values()
    ]
    read, where = dockerfile_of(image, config.root), str(image.dockerfile)
    healthcheck: tuple[str, ...] = ()  # what an engine runs every now and then, and no agent does
    if read is not None:
        healthcheck = read.healthcheck
        starts += [(read.argv, where), (healthcheck, where)]
        values += [(value, where) for value in read.env.values()]
    paths = ((path, by) for value, by in values for path in re.split(r"[:\s]", value))
    return Said(
        programs={name: by for argv, by in reversed(starts) for name in programs(argv)},
        imports=dict.fromkeys(child_imports(healthcheck), where),
        paths={path.partition("-packages/")[2]: by for path, by in paths if "-packages/" in path},
    )


def _said(config: Config, image: Image, agents: Sequence[Agent]) -> dict[str, str]:
    """Return the words of commands and environments, and where each stands."""
    said: dict[str, str] = {}
    for agent in agents:
        for word in agent.argv:
            top = word.partition(":")[0].partition(".")[0]
            said.setdefault(top, f"the command of {agent.name}")
        for value in agent.env.values():
            said.setdefault(named(value), f"the environment of {agent.name}")
    read = dockerfile_of(image, config.root)
    for value in read.env.values() if read is not None else ():
        said.setdefault(named(value), str(image.dockerfile))
    said.pop("", None)
    return said


def read_image_requirements(config: Config, image: Image) -> Requirements:
    """Read the requirement files of an image."""
    return of_image(image, config.root)


def _direct(requirements: Requirements, inventory: Inventory, image: Image) -> list[str]:
    """Return the image's own requirements as written, those of its own projects among them."""
    own = own_requirements(inventory, image.extras)
    return [*(item.text for item in requirements.requirements), *own]


def _own_scripts(inventory: Inventory, tree: SourceTree, argv: Sequence[str]) -> Iterable[str]:
    """Yield the first-party files that a command starts by the name of a script."""
    names = set(programs(argv))
    for dist in inventory.distributions:
        for offer in dist.offers if dist.own is not None else ():
            if offer.group == "console_scripts" and offer.name in names:
                yield from entry_files(tree, ["python", "-m", offer.module])


def own_inventory(
    config: Config, image: Image, environment: Environment, clock: Clock
) -> Inventory:
    """Read what is installed in an original, what of it is the image's own, and who needs whom."""
    requirements = read_image_requirements(config, image)
    inventory = with_own(_installed(environment, clock), config, image)
    with clock.step("work out who needs whom", sandbox=False):
        return with_graph(inventory, _direct(requirements, inventory, image))


def take_inventory(environment: Environment, clock: Clock) -> Inventory:
    """Read what is installed, and who needs whom, whatever an image asks for."""
    inventory = _installed(environment, clock)
    with clock.step("work out who needs whom", sandbox=False):
        return with_graph(inventory, ())


def _installed(environment: Environment, clock: Clock) -> Inventory:
    with clock.step("read what is installed", sandbox=True):
        argv = [environment.python, "-I", f"{environment.tools}/inventory.py"]
        done = environment.run(argv, timeout=INVENTORY_TIMEOUT)
    return parse(printed(done))


def trace(environment: Environment, agent: Agent, clock: Clock) -> Trace:
    """Run one agent and return what was seen, however the agent fared."""
    with clock.step(f"run {agent.name}", sandbox=True):
        return run_agent(environment, agent, clock.wait)


def require_success(traces: Sequence[Trace]) -> None:
    """Raise AgentError for the first agent that fails where nothing was pruned yet."""
    for item in traces:
        if item.status is not AgentStatus.OK:
            raise AgentError(
                f"{item.agent} fails in its original environment: {item.detail}",
                hint=HINTS.get(item.status, "run it by hand first; pruner changed nothing yet"),
            )


HINTS = {
    AgentStatus.MEMORY: "raise `memory` of the image",
    AgentStatus.NOT_READY: "raise `timeout` in the agent's `ready`, or correct its probe",
    AgentStatus.FAILED: "correct the exercise, or the agent",
}


def reports(traces: Sequence[Trace]) -> tuple[AgentReport, ...]:
    """Return the agents as the document spells them."""
    return tuple(
        AgentReport(
            name=item.agent,
            status=item.status,
            modules=item.modules,
            seconds=item.seconds,
            exercises=item.exercises,
        )
        for item in traces
    )


def locks_folder(config: Config, image: Image) -> Path:
    """Return where an image's committed results live."""
    return config.locks_of(image)


def private_folder(config: Config, image: Image) -> Path:
    """Return where an image's traces and unproven locks live; nobody commits it."""
    return config.private_of(image)
