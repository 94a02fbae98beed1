"""Where in a file an import stands, and what that says about its absence."""

from typing import NamedTuple

from pruner.model import Guard
from pruner.static.bindings import Scope

ANY = "*"  # in `probed`: a name that cannot be read was looked up


def top(module: str) -> str:
    """Return the first part of a dotted name."""
    return module.partition(".")[0]


class Place(NamedTuple):
    """What surrounds a statement. Flags are inherited by what is nested in it; two are not.

    A `try` protects what runs inside it, not the functions defined there: they are called later.
    A condition does reach into them: they exist only where it held.
    """

    never: bool = False  # under TYPE_CHECKING or `if False`
    tried: bool = False  # an ImportError raised here is coped with
    lacking: bool = False  # so is a distribution whose metadata is not there
    probed: frozenset[str] = frozenset()  # top-level names that are known to be there
    platform: bool = False  # under a question about the system or the version of Python
    gpu: bool = False  # under a question about a GPU
    main: bool = False  # under `if __name__ == "__main__"`
    deferred: bool = False  # in the body of a function
    instead: str = ""  # in the handler of an import of this module
    scopes: tuple[Scope, ...] = ()  # functions around it, outermost first

    def in_function(self, scope: Scope) -> "Place":
        """Return the place of a function's body."""
        return self._replace(
            tried=False, lacking=False, deferred=True, scopes=(*self.scopes, scope)
        )

    def guard(self, module: str) -> Guard:
        """Return the guard of an import of this module: the weakest reason to keep it wins.

        never runs > copes > main > function > module level
        """
        if self.never:
            return Guard.TYPE_CHECKING
        if self.tried or top(module) in self.probed or ANY in self.probed:
            return Guard.TRY
        if self.main:
            return Guard.MAIN
        return Guard.FUNCTION if self.deferred else Guard.MODULE
