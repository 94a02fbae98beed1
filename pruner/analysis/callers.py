"""Which functions of installed code somebody could call, by the names that code mentions.

To call a function is to name it: in the code that calls it, in a string that is looked up, or where
it is put into a table. So a function that nothing names is not called, whoever loads its module; it
is named by first-party code, by another distribution that imports its own, or by a function of its
own distribution that is named itself. Only functions at the top of a module are told apart. What a
class has counts as called, since an object can be anywhere; so does what a decorator may have
registered.

This answers one question only: who lists an optional requirement beside a library may want it for a
function of the library (rule 7 of `reachability`). Where nothing names that function, nobody does.
What cannot be seen is a name that only running tells: code that takes an attribute of a module by a
name that the text does not have makes every function of that module count.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from pruner.analysis.installed import Source
from pruner.model import SourceFile

_WORD = re.compile(r"[^\W\d]\w*")

UNKNOWN = ""
"""In `computed`: an attribute of an object that the text does not tell."""
OWN = "."
"""In `computed`: of the module that the code stands in."""


class Function(msgspec.Struct, frozen=True, array_like=True):
    """A function at the top of a module: its lines, and the names that it mentions."""

    name: str
    first: int
    last: int
    names: frozenset[str]


class Mentions(msgspec.Struct, frozen=True, array_like=True):
    """The names that a file mentions, in strings as well: of functions apart, else in `names`.

    `taken` are those that it imports from modules. `computed` says of what it takes attributes
    whose names the text does not have: the first part of a module's name, UNKNOWN or OWN.
    """

    functions: tuple[Function, ...] = ()
    names: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()

    def every(self) -> frozenset[str]:
        """Return all names, wherever they stand."""
        return self.names.union(self.taken, *(each.names for each in self.functions))


Line = tuple[str, int]
MentionsOf = Callable[[Sequence[Source]], Mapping[str, Mentions]]
"""Returns what files mention, by path; one that cannot be read is missing."""


def no_mentions(_: Sequence[Source]) -> dict[str, Mentions]:
    """Return nothing: where no file says what it mentions, every function counts as called."""
    return {}


class Library(NamedTuple):
    """The reached files of some distributions, and those of others that import one of them."""

    own: tuple[Source, ...]
    users: tuple[Source, ...]
    tops: frozenset[str]  # their topmost import names

    @property
    def files(self) -> tuple[Source, ...]:
        """All of them."""
        return (*self.own, *self.users)


class Mentioned(NamedTuple):
    """What first-party code mentions, and of what it takes attributes by computed names."""

    names: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()


def mentioned(files: Iterable[SourceFile], words: Iterable[str]) -> Mentioned:
    """Return what first-party files mention, and words of settings, commands and environments."""
    names, computed = set(chain.from_iterable(map(_WORD.findall, words))), set[str]()
    for file in files:
        names |= file.names.keys()
        computed |= file.computed
    return Mentioned(frozenset(names), frozenset(computed))


def uncalled(
    library: Library, said: Mentioned, read: Mapping[str, Mentions], lines: Iterable[Line]
) -> dict[Line, frozenset[str]]:
    """Return those lines of a library, (path, line), that stand in functions that nothing names.

    With each come the names of these functions and of those that lead to them: whoever mentions
    one calls what stands there. `read` is what files mention, by path; one that is not in it may
    name anything.
    """
    found = [read.get(source.path) for source in library.files]
    computed = (each is None or not library.tops.isdisjoint(each.computed) for each in found)
    if not said.computed.isdisjoint({UNKNOWN, *library.tops}) or any(computed):
        return {}
    files = {source.path: read[source.path] for source in library.own}
    others = (read[source.path].every() for source in library.users)
    called = _called(files, said.names.union(*others))
    callers = _callers(files)
    return {
        line: _leading(function.name, callers)
        for line in lines
        if (function := _function(files[line[0]], line[1])) and function.name not in called
    }


def _callers(files: Mapping[str, Mentions]) -> dict[str, set[str]]:
    """Return name -> the names of the functions that mention it."""
    callers: dict[str, set[str]] = defaultdict(set)
    for each in files.values():
        for function in each.functions:
            for name in function.names:
                callers[name].add(function.name)
    return callers


def _leading(name: str, callers: Mapping[str, Iterable[str]]) -> frozenset[str]:
    found, todo = {name}, [name]
    while todo:
        new = set(callers.get(todo.pop(), ())) - found
        found |= new
        todo += new
    return frozenset(found)


def _called(files: Mapping[str, Mentions], names: Iterable[str]) -> set[str]:
    """Return all names that are mentioned by what is called."""
    functions: dict[str, list[Function]] = defaultdict(list)
    called: set[str] = set(names)
    for each in files.values():
        called |= each.names
        for function in each.functions:
            functions[function.name].append(function)
            if OWN in each.computed:
                called.add(function.name)
    todo = list(called)
    while todo:
        for function in functions.get(todo.pop(), ()):
            new = function.names - called
            called |= new
            todo += new
    return called


def _function(file: Mentions, line: int) -> Function | None:
    return next((each for each in file.functions if each.first <= line <= each.last), None)
