"""How sure it is that an installed file runs where `reachability` has reached it."""

from enum import IntEnum

from pruner.analysis.installed import Site
from pruner.model import Guard


class State(IntEnum):
    """How sure it is that a file runs where it was reached; a higher one takes its place."""

    MAYBE = 1  # a part of a distribution that its own code copes without
    LOOSE = 2  # a part of a distribution that only functions of its own ask for
    TRIED = 3  # it runs if what it needs is there, since a file that is certain tries to import it
    CERTAIN = 4  # whoever came from outside cannot do without it
    LOADED = 5  # it ran


def within(state: State, site: Site) -> State:
    """Return how sure a part of a distribution is that its own code imports."""
    if site.guard.copes:
        return State.TRIED if tries(site, state) else State.MAYBE
    if state is State.MAYBE:
        return State.MAYBE
    runs = site.guard is Guard.MODULE and state in {State.TRIED, State.CERTAIN}
    return state if runs else State.LOOSE


def tries(site: Site, state: State) -> bool:
    """Tell whether loading a file that did not run yet makes an import that copes."""
    return not site.deferred and state in {State.TRIED, State.CERTAIN}


def kind_of(site: Site, state: State) -> str:
    """Return how a proof calls an import that does not count."""
    if site.guard.copes:
        return f"import ({site.guard})"
    maybe = state in {State.MAYBE, State.TRIED}
    return f"import ({Guard.TRY})" if maybe else "optional import"
