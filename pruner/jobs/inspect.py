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
from pruner.model import Conflict, Distribution, Inventory, Trace, Verdict
from pruner.sandbox.base import Environment


class Inspection:
    """What is seen there: what is new and how large, and libraries that cannot load."""

    def __init__(self, trial: Trial, known: Knowledge) -> None:
        self._trial = trial
        self._known = known
        self._installed: dict[str, Distribution] = {}
        self.conflicts: tuple[Conflict, ...] = ()

    def look(self, environment: Environment, traces: tuple[Trace, ...]) -> Iterable[str]:
        """Look at an environment; return what speaks against the lock that it was made from."""
        trial = self._trial
        inventory = take_inventory(environment, trial.clock)
        self._installed = inventory.by_key()
        with study(environment, inventory, trial.clock) as reading:
            linkage = dict(reading.linkage)
        scene = Scene(
            inventory=inventory,
            linkage=linkage,
            system=look_at_system(environment, trial.agents, linkage, trial.clock),
            kept=frozenset(inventory.by_key()),
            traces=traces,
        )
        self.conflicts = natives(scene, Ownership(inventory), self._known, trial.image.name)
        return [row.why for row in self.conflicts if not row.settled]

    def sized(self, plan: Plan) -> tuple[Verdict, ...]:
        """Return the verdicts of a plan; what was not there before has the size that was seen."""
        return tuple(
            msgspec.structs.replace(row, size_bytes=self._installed[row.name].size_bytes)
            if row.name in plan.changed and row.name in self._installed
            else row
            for row in plan.verdicts
        )

    def declared(self, plan: Plan) -> Inventory:
        """Return what a plan installs; what was not there before declares what was seen."""
        return msgspec.structs.replace(
            plan.inventory,
            distributions=tuple(
                msgspec.structs.replace(dist, requires=self._installed[dist.key].requires)
                if dist.key in plan.changed and dist.key in self._installed
                else dist
                for dist in plan.inventory.distributions
            ),
        )
