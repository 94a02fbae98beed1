"""Imports that wait until something names the function that they stand in: rule 12."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from pruner.analysis.callers import Library, Mentioned, Mentions, MentionsOf, uncalled
from pruner.analysis.installed import Site
from pruner.analysis.trail import Step

LibraryOf = Callable[[tuple[str, ...]], Library]
"""Returns what is reached by now of the files of distributions, and of those that import them."""


class Wish(NamedTuple):
    """An import of a distribution by another one: what it executes, and whose it is."""

    site: Site
    step: Step
    owners: tuple[str, ...]
    wanted: tuple[str, ...]
    target: str
    kind: str  # how a proof calls it where it does not count


class Wishes:
    """Keeps imports that only a line of the image's requirements asks for."""

    def __init__(self, said: Mentioned, mentions_of: MentionsOf) -> None:
        self._said = said
        self._mentions_of = mentions_of
        self._mentions: dict[str, Mentions] = {}
        self._waiting: dict[tuple[Step, str], Wish] = {}
        self._named: set[Step] = set()
        self._leading: dict[Step, frozenset[str]] = {}

    def is_named(self, wish: Wish) -> bool:
        """Tell whether something names the function of an import; where not, it waits from now."""
        if wish.step in self._named:
            return True
        self._waiting[wish.step, wish.target] = wish
        return False

    def has(self, wish: Wish) -> bool:
        """Tell whether an import waits."""
        return (wish.step, wish.target) in self._waiting

    def left(self) -> tuple[Wish, ...]:
        """Return those that wait."""
        return tuple(self._waiting.values())

    def names(self) -> dict[str, frozenset[str]]:
        """Return what the others need -> the names by which their functions would be called."""
        found: dict[str, frozenset[str]] = {}
        for wish in self._waiting.values():
            for key in wish.wanted:
                names = self._leading.get(wish.step, frozenset())
                found[key] = found.get(key, frozenset()) | names
        return found

    def named(self, library_of: LibraryOf, there: Collection[str]) -> tuple[Wish, ...]:
        """Return those that wait no more; `there` stays anyway, so nothing is asked about it."""
        asked: dict[tuple[str, ...], list[Wish]] = defaultdict(list)
        found: list[Wish] = []
        for wish in self._waiting.values():
            if all(key in there for key in wish.wanted):
                found.append(wish)
            else:
                asked[wish.owners].append(wish)
        for owners, wishes in asked.items():
            found += self._of(library_of(owners), wishes)
        for wish in found:
            self._named.add(wish.step)
            del self._waiting[wish.step, wish.target]
        return tuple(found)

    def _of(self, library: Library, wishes: list[Wish]) -> Iterator[Wish]:
        unknown = [each for each in library.files if each.path not in self._mentions]
        self._mentions.update(self._mentions_of(unknown) if unknown else {})
        steps = {wish.step for wish in wishes}
        left = uncalled(library, self._said, self._mentions, steps)
        self._leading.update((Step(*line), names) for line, names in left.items())
        return (wish for wish in wishes if wish.step not in left)
