"""How sure it is that an installed file runs where `reachability` has reached it."""

from enum import IntEnum

from pruner.analysis.installed import Site
from pruner.model import Guard


class State(IntEnum):
    """How sure it is that a file runs where it was reached; a higher one takes its place."""

    MAYBE = 1  # a part of a distribution that its own code copes without
    LOOSE = 2  # a part of a distribution that only functions of its own ask for
    CERTAIN = 3  # whoever came from outside cannot do without it
    LOADED = 4  # it ran


def within(state: State, site: Site) -> State:
    """Return how sure a part of a distribution is that its own code imports."""
    if site.guard.copes or state is State.MAYBE:
        return State.MAYBE
    certain = site.guard is Guard.MODULE and state is State.CERTAIN
    return State.CERTAIN if certain else State.LOOSE


def kind_of(site: Site, state: State) -> str:
    """Return how a proof calls an import that does not count."""
    if site.guard.copes:
        return f"import ({site.guard})"
    return f"import ({Guard.TRY})" if state is State.MAYBE else "optional import"
