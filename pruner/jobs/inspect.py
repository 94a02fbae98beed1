"""A look at the environment of the proof, where something took the place of something else."""

from collections.abc import Iterable, Mapping

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Scene
from pruner.analysis.stacks import stacks
from pruner.jobs.knowledge import Knowledge
from pruner.jobs.natives import look_at_system, natives
from pruner.jobs.observe import take_inventory
from pruner.jobs.prove import Trial
from pruner.jobs.replace import Plan
from pruner.jobs.study import study
from pruner.model import Conflict, Distribution, Inventory, Trace, Verdict
from pruner.sandbox.base import Environment


class Inspection:
    """What is seen there: what is new and how large, and libraries that cannot load.

    Without a look, because nothing was replaced, what is known of the original holds.
    """

    def __init__(
        self, trial: Trial, known: Knowledge, inventory: Inventory, linkage: Mapping[str, Linkage]
    ) -> None:
        self._trial = trial
        self._known = known
        self._inventory = inventory
        self._linkage = linkage
        self.conflicts: tuple[Conflict, ...] = ()

    def look(self, environment: Environment, traces: tuple[Trace, ...]) -> Iterable[str]:
        """Look at an environment; return what speaks against the lock that it was made from."""
        trial = self._trial
        inventory = take_inventory(environment, trial.clock)
        with study(environment, inventory, trial.clock) as reading:
            linkage = dict(reading.linkage)
        self._inventory, self._linkage = inventory, linkage
        scene = Scene(
            inventory=inventory,
            linkage=linkage,
            system=look_at_system(environment, trial.agents, linkage, trial.clock),
            kept=frozenset(inventory.by_key()),
            traces=traces,
        )
        self.conflicts = natives(scene, Ownership(inventory), self._known, trial.image.name)
        return [row.why for row in self.conflicts if not row.settled]

    def stacks(self, plan: Plan) -> tuple[Conflict, ...]:
        """Return what the result has of several CUDA stacks: also what a replacement brought."""
        return stacks(self._inventory, self._linkage, plan.verdicts)

    def sized(self, plan: Plan) -> tuple[Verdict, ...]:
        """Return the verdicts of a plan; what was not there before has the size that was seen."""
        seen = self._seen(plan)
        return tuple(
            msgspec.structs.replace(row, size_bytes=seen[row.name].size_bytes)
            if row.name in seen
            else row
            for row in plan.verdicts
        )

    def declared(self, plan: Plan) -> Inventory:
        """Return what a plan installs; what was not there before declares what was seen."""
        seen = self._seen(plan)
        return msgspec.structs.replace(
            plan.inventory,
            distributions=tuple(
                msgspec.structs.replace(dist, requires=seen[dist.key].requires)
                if dist.key in seen
                else dist
                for dist in plan.inventory.distributions
            ),
        )

    def _seen(self, plan: Plan) -> dict[str, Distribution]:
        """Return what is new in a plan, as it is installed."""
        return {key: dist for key, dist in self._inventory.by_key().items() if key in plan.changed}
