"""Native libraries that cannot load in an environment: what the base lacks for what stays."""

from collections.abc import Iterable

from pruner.analysis.attribution import Ownership
from pruner.analysis.offers import Scene
from pruner.analysis.system import System
from pruner.analysis.unmet import Consequence, Known, unmet
from pruner.analysis.weigh import Reading
from pruner.clock import Clock
from pruner.config import Agent
from pruner.jobs.observe import Observation
from pruner.jobs.study import read_system
from pruner.model import Conflict, Verdict
from pruner.sandbox.base import Environment


def look_at_system(
    environment: Environment, agents: Iterable[Agent], reading: Reading, clock: Clock
) -> System:
    """Read what the environment offers to native libraries besides its distributions."""
    search = [agent.env.get("LD_LIBRARY_PATH", "") for agent in agents]
    with clock.step("read what the system offers", sandbox=False):
        return read_system(environment, reading.linkage, search)


def natives(
    seen: Observation,
    ownership: Ownership,
    reading: Reading,
    system: System,
    verdicts: Iterable[Verdict],
) -> tuple[Conflict, ...]:
    """Return what cannot load of the distributions that stay."""
    subject = seen.subject
    scene = Scene(
        inventory=subject.inventory,
        linkage=dict(reading.linkage),
        system=system,
        kept=frozenset(row.name for row in verdicts if row.kept),
        traces=(*subject.traces, *subject.also),
    )
    return unmet(scene, ownership, _known(), _consequences())


def _known() -> tuple[Known, ...]:
    return ()


def _consequences() -> tuple[Consequence, ...]:
    return ()
