"""Native libraries that cannot load in an environment: what the base lacks for what stays."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.cuda import Releases, choices, line
from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Scene
from pruner.analysis.system import System
from pruner.analysis.unmet import unmet
from pruner.clock import Clock
from pruner.config import Agent
from pruner.jobs.knowledge import Knowledge
from pruner.jobs.study import read_system
from pruner.model import Choice, Conflict
from pruner.sandbox.base import Environment


def look_at_system(
    environment: Environment,
    agents: Iterable[Agent],
    linkage: Mapping[str, Linkage],
    clock: Clock,
) -> System:
    """Read what the environment offers to native libraries besides its distributions."""
    search = [agent.env.get("LD_LIBRARY_PATH", "") for agent in agents]
    with clock.step("read what the system offers", sandbox=False):
        return read_system(environment, linkage, search)


def natives(
    scene: Scene, ownership: Ownership, known: Knowledge, image: str
) -> tuple[Conflict, ...]:
    """Return what cannot load of the distributions that stay, and what to choose from."""
    found = unmet(scene, ownership, known.libraries, known.consequences)
    return tuple(row if row.settled else _with_choices(row, scene, known, image) for row in found)


def _brings(soname: str, known: Knowledge) -> str:
    """Return the distribution on the index that has a library, "" where none is known."""
    rows = (row for row in known.libraries if fnmatchcase(soname, row.soname))
    return next((row.provides for row in rows if row.provides), "")


def _with_choices(row: Conflict, scene: Scene, known: Knowledge, image: str) -> Conflict:
    """Add the releases that go together to what can be told from the libraries alone."""
    (key,) = row.distributions
    missing = {proof.what: _brings(proof.what, known) for proof in row.proof}
    releases = Releases(known.builds, known.feeds, known.families)
    offered = choices(image, key, scene.inventory, releases, missing)
    told = (
        Choice(what=each.what, config=line(image, each.config.splitlines())) for each in row.choices
    )
    return msgspec.structs.replace(row, choices=offered or tuple(told))
