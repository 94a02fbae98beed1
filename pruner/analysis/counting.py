"""Whether an import of installed code counts: rules 2 to 5, 7, 10 and 12 of `reachability`."""

from collections.abc import Set as AbstractSet

from pruner.analysis.attribution import by_extra, closure, optional
from pruner.analysis.installed import Site
from pruner.analysis.states import State, tries
from pruner.model import Guard, Inventory


class Counting:
    """Weighs single imports. `known` and `reached` are what stays so far; both grow meanwhile.

    `no_gpu` says that the image asks for a GPU, and that none was there.
    """

    def __init__(
        self,
        inventory: Inventory,
        named: AbstractSet[str],
        asked: AbstractSet[str],
        known: AbstractSet[str],
        reached: AbstractSet[str],
        *,
        no_gpu: bool = False,
    ) -> None:
        self._inventory = inventory
        self._dists = inventory.by_key()
        self._named = named
        self._asked = asked
        self._by_extra = by_extra(inventory, asked)
        self._known = known
        self._reached = reached
        self._no_gpu = no_gpu
        self._needs: dict[str, frozenset[str]] = {}
        self._optional: dict[str, frozenset[str]] = {}

    def counts(
        self, site: Site, state: State, owners: tuple[str, ...], wanted: tuple[str, ...]
    ) -> bool:
        """Tell whether what an import names would be missed: rules 2 to 5, 7 and 10.

        Rule 7 has another half: see `wished`.
        """
        if site.guard is Guard.TYPE_CHECKING:
            return False
        if not self._named.isdisjoint((site.module.partition(".")[0], *wanted)):
            return True
        waits = self._no_gpu and site.gpu and state is not State.MAYBE
        if waits and not (site.guard.copes and site.deferred):
            return True
        if state is State.MAYBE or (site.guard.copes and not tries(site, state)):
            return False
        needs = self._inventory.requires.get if site.guard.copes else self.needs_of
        if any(key in (needs(owner) or ()) for owner in owners for key in wanted):
            return True
        return site.guard is Guard.MODULE and state is State.CERTAIN and not site.platform

    def wished(
        self, site: Site, state: State, owners: tuple[str, ...], wanted: tuple[str, ...]
    ) -> bool:
        """Tell whether somebody asks for what an import names, where it does not count by itself.

        That is what the second half of rule 7 says: of what an owner names under an extra.
        """
        if site.guard is Guard.TYPE_CHECKING or site.platform or state < State.TRIED:
            return False
        if site.guard.copes and not tries(site, state):
            return False
        return any(self._is_listed(key, owners) for key in wanted) or self.chosen(owners, wanted)

    def chosen(self, owners: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
        """Tell whether somebody asks for a need of an owner's extras for the owner's sake."""
        return any(
            key in self._by_extra or any(self._beside(key, owner) for owner in named)
            for key in wanted
            if (named := self._naming(key, owners))
        )

    def _is_listed(self, key: str, owners: tuple[str, ...]) -> bool:
        """Tell whether the image's requirements list a need of an owner's extras: rule 7."""
        return key in self._asked and not self._known.isdisjoint(self._naming(key, owners))

    def _naming(self, key: str, owners: tuple[str, ...]) -> list[str]:
        return [owner for owner in owners if key in self._extras_of(owner)]

    def _beside(self, key: str, owner: str) -> bool:
        """Tell whether a distribution that stays requires an owner and, beside it, a need."""
        return any(
            owner in needs and key in needs
            for user, needs in self._inventory.requires.items()
            if user in self._known or user in self._reached
        )

    def needs_of(self, key: str) -> frozenset[str]:
        """Return everything that a distribution requires, down the graph."""
        if key not in self._needs:
            self._needs[key] = frozenset(closure(self._inventory.requires, [key]))
        return self._needs[key]

    def _extras_of(self, key: str) -> frozenset[str]:
        """Return what a distribution names as requirements of its extras."""
        if key not in self._optional:
            self._optional[key] = frozenset(optional(self._dists[key].requires))
        return self._optional[key]
