"""A look at the environment of the proof, where something took the place of something else."""

from collections.abc import Iterable

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.offers import Scene
from pruner.jobs.knowledge import Knowledge
from pruner.jobs.natives import look_at_system, natives
from pruner.jobs.observe import take_inventory
from pruner.jobs.prove import Trial
from pruner.jobs.replace import Plan
from pruner.jobs.study import study
from pruner.model import Conflict, Trace, Verdict
from pruner.requirements import Requirements
from pruner.sandbox.base import Environment


class Inspection:
    """What is seen there: the sizes of what is new, and libraries that cannot load."""

    def __init__(self, trial: Trial, known: Knowledge, plan: Plan) -> None:
        self._trial = trial
        self._known = known
        self._plan = plan
        self._sizes: dict[str, int] = {}
        self.conflicts: tuple[Conflict, ...] = ()

    def look(self, environment: Environment, traces: tuple[Trace, ...]) -> Iterable[str]:
        """Look at an environment; return what speaks against the lock that it was made from."""
        trial = self._trial
        inventory = take_inventory(environment, Requirements(), trial.clock)
        self._sizes = {dist.key: dist.size_bytes for dist in inventory.distributions}
        with study(environment, inventory, trial.clock) as reading:
            linkage = reading.linkage
        system = look_at_system(environment, trial.agents, linkage, trial.clock)
        scene = Scene(
            inventory=inventory,
            linkage=dict(linkage),
            system=system,
            kept=frozenset(dist.key for dist in inventory.distributions),
            traces=traces,
        )
        self.conflicts = natives(scene, Ownership(inventory), self._known, trial.image.name)
        return [row.why for row in self.conflicts if not row.settled]

    def sized(self, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """Return the verdicts; what was not there before has the size that was seen."""
        return tuple(
            msgspec.structs.replace(row, size_bytes=self._sizes.get(row.name, row.size_bytes))
            if row.name in self._plan.changed
            else row
            for row in verdicts
        )
