"""What native libraries need of each other: the level `linked`.

A library names others in two ways: those that the dynamic loader has to find before it runs
(DT_NEEDED), and those that it may open by itself later, whose names lie in its data. A run on a
machine without a GPU loads hardly any of the second kind, and still they have to stay.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pruner.analysis.attribution import Ownership
from pruner.analysis.system import Machine
from pruner.model import Inventory, Proof, Value

MOST_PROOFS = 5
"""Proofs kept for one distribution."""

_LIBRARY = re.compile(r".\.so(\.[0-9][0-9A-Za-z_]*)*\Z")
_VERSION = re.compile(r"(?<=\.so)\.[0-9].*\Z")
_EXTENSION = re.compile(r"\.(cpython|pypy|abi3)[^/]*\.so\Z")
_ORIGIN = re.compile(r"\$(ORIGIN\b|\{ORIGIN\})")


class Linkage(Value, frozen=True):
    """What one library says of itself; nothing but `error` where it could not be read."""

    soname: str | None = None
    needed: tuple[str, ...] = ()  # DT_NEEDED
    rpath: tuple[str, ...] = ()  # folders of RPATH and RUNPATH as written: "$ORIGIN/../lib"
    dlopens: tuple[str, ...] = ()  # names in its data that look like libraries
    placed: tuple[str, ...] = ()  # of these, as paths, what always has the same folder
    # The highest version of each family of symbols that it needs of others: "GLIBC_2.34".
    versions: dict[str, tuple[str, ...]] = {}  # noqa: RUF012
    machine: Machine | None = None
    error: str = ""


class Need(Value, frozen=True):
    """A library asks for a name, which only other distributions than its own have."""

    library: str
    name: str
    owners: tuple[str, ...]  # several where nothing tells which one it would be


def is_library(path: str) -> bool:
    """Return whether a file is a shared library by its name: `x.so`, `libx.so.1.2`."""
    return _LIBRARY.search(path) is not None


def is_extension(path: str) -> bool:
    """Return whether Python finds a library, by its tag: the dynamic loader is never asked for it.

    The names of some have none: `x.so` may be either.
    """
    return _EXTENSION.search(path) is not None


def folders(path: str, link: Linkage) -> Iterator[str]:
    """Yield the folders that RPATH and RUNPATH of a library lead to."""
    origin = posixpath.dirname(path)
    for folder in link.rpath:
        yield posixpath.normpath(_ORIGIN.sub(lambda _: origin, folder))


class Links(Value, frozen=True):
    """What libraries ask of each other, by the key of the distribution that has it."""

    proofs: dict[str, tuple[Proof, ...]]  # of what only libraries ask for
    users: dict[str, tuple[str, ...]]  # whose libraries ask for it; of what stays anyway too


def links(inventory: Inventory, linkage: Mapping[str, Linkage], roots: Iterable[str]) -> Links:
    """Return what the libraries of `roots` need, and theirs, and so on.

    `linkage` is by the path of a library; `roots` are keys, and have no proofs. Where several
    distributions have what is asked for and nothing tells which is meant, one that stays anyway
    will do; where none does, all of them are returned.
    """
    graph = _Graph(inventory, linkage)
    kept = set(roots)
    found: dict[str, list[Proof]] = defaultdict(list)
    users: dict[str, set[str]] = defaultdict(set)
    unsure: list[Need] = []
    todo = sorted(kept)
    while todo:
        needs = [need for key in todo for need in graph.needs(key)]
        unsure += [need for need in needs if len(need.owners) > 1]
        plain = [need for need in needs if len(need.owners) == 1]
        if all(kept.issuperset(need.owners) for need in plain):
            plain += [need for need in unsure if kept.isdisjoint(need.owners)][:1]
        for need in plain:
            for owner in need.owners:
                found[owner].append(graph.proof(need))
                users[owner].update(graph.owners(need.library))
        todo = sorted(found.keys() - kept)
        kept.update(todo)
    first = frozenset(roots)
    return Links(
        proofs={key: _few(rows) for key, rows in sorted(found.items()) if key not in first},
        users={key: tuple(sorted(keys)) for key, keys in sorted(users.items())},
    )


def _few(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    return tuple(dict.fromkeys(proofs))[:MOST_PROOFS]


class _Graph:
    """Libraries by distribution and by name: that of the file, and that which is in it."""

    def __init__(self, inventory: Inventory, linkage: Mapping[str, Linkage]) -> None:
        self._linkage = linkage
        self._ownership = Ownership(inventory)
        self._owners: dict[str, tuple[str, ...]] = {}
        self._libraries: dict[str, list[str]] = defaultdict(list)
        self._named: dict[str, list[str]] = defaultdict(list)
        self._unversioned: dict[str, list[str]] = defaultdict(list)
        files = (file.path for dist in inventory.distributions for file in dist.files)
        for path in sorted({path for path in files if is_library(path)}):
            self._add(path)

    def _add(self, path: str) -> None:
        self._owners[path] = self._ownership.of_file(path)
        for key in self._owners[path]:
            self._libraries[key].append(path)
        if is_extension(path):
            return
        for name in {posixpath.basename(path), self.linkage_of(path).soname or ""} - {""}:
            self._named[name].append(path)
            bare = _VERSION.sub("", name)
            if bare != name:
                self._unversioned[bare].append(path)

    def libraries(self, key: str) -> tuple[str, ...]:
        """Return the libraries of a distribution."""
        return tuple(self._libraries.get(key, ()))

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the distributions that have a library."""
        return self._owners[path]

    def linkage_of(self, path: str) -> Linkage:
        """Return what a library says of itself, which is nothing where it was not read."""
        return self._linkage.get(path, Linkage())

    def needs(self, key: str) -> Iterator[Need]:
        """Yield what the libraries of a distribution ask others for."""
        for path in self.libraries(key):
            link = self.linkage_of(path)
            for name in dict.fromkeys((*link.needed, *link.dlopens)):
                candidates = self._candidates(name, opened=name in link.dlopens)
                owners = self._settled(path, name, candidates)
                if owners and key not in owners:
                    yield Need(library=path, name=name, owners=owners)

    @staticmethod
    def proof(need: Need) -> Proof:
        """Return a need as the proof that somebody reads."""
        return Proof(kind="linked", what=need.name, by=need.library)

    def _candidates(self, name: str, *, opened: bool) -> list[str]:
        """Return the files that a name may mean; one to open may leave its version out."""
        exact = self._named.get(name, [])
        return exact or (self._unversioned.get(name, []) if opened else [])

    def _settled(self, path: str, name: str, candidates: list[str]) -> tuple[str, ...]:
        """Return the owners of those that the loader would take, if that can be told."""
        # What auditwheel copied into a wheel has a hash in its file's name and may have kept its
        # SONAME: nobody else is meant to find it.
        public = [path for path in candidates if posixpath.basename(path).startswith(name)]
        for folder in folders(path, self.linkage_of(path)):
            reached = [other for other in public if posixpath.dirname(other) == folder]
            if reached:
                return self._owners[reached[0]]
        own = set(self._owners[path])
        if any(own.intersection(self._owners[other]) for other in candidates):
            return tuple(own)
        return tuple(sorted({key for other in public for key in self._owners[other]}))
