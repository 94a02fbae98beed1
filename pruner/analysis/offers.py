"""Who offers a library that another one needs: the question that the dynamic loader asks.

A distribution counts only where something would lead the loader to it. A library of the same name
somewhere in the environment is not found by being there.
"""

import posixpath
import re
from collections import defaultdict

from pruner.analysis.attribution import Ownership, closure
from pruner.analysis.linkage import Linkage, folders, is_extension, is_library
from pruner.analysis.system import System
from pruner.model import Inventory, Trace, Value

_STEM = re.compile(r"(.+\.so)(?:\.[0-9][0-9.]*)?\Z")


class Scene(Value, frozen=True):
    """An environment: what is installed, what its libraries ask for, what else is there."""

    inventory: Inventory
    linkage: dict[str, Linkage]  # by path of a library
    system: System
    kept: frozenset[str]  # keys of the distributions that stay: of these it is told
    traces: tuple[Trace, ...] = ()


class Offers:
    """The libraries of a scene, by what they are called and by who has them."""

    def __init__(self, scene: Scene, ownership: Ownership) -> None:
        self._scene = scene
        self._ownership = ownership
        self._owners: dict[str, tuple[str, ...]] = {}
        self._libraries: dict[str, list[str]] = defaultdict(list)
        self._named: dict[str, list[str]] = defaultdict(list)
        self._owners_in: dict[str, set[str]] = defaultdict(set)  # by folder
        self._folders_of: dict[str, dict[str, None]] = defaultdict(dict)  # RPATHs, by distribution
        self._allowed: dict[str, frozenset[str]] = {}
        paths = {file.path for dist in scene.inventory.distributions for file in dist.files}
        for path in sorted(filter(is_library, paths)):
            self._add(path)
        loaded = (item.file for trace in scene.traces for item in trace.loaded)
        self.mapped = frozenset(
            real for real in map(self._ownership.real, loaded) if real in self._owners
        )
        """The libraries that a trace loaded: they have all that they need."""

    def _add(self, path: str) -> None:
        self._owners[path] = self._ownership.of_file(path)
        self._owners_in[posixpath.dirname(path)].update(self._owners[path])
        for key in self._owners[path]:
            self._libraries[key].append(path)
            self._folders_of[key].update(dict.fromkeys(folders(path, self.link(path))))
        for name in {posixpath.basename(path), self.link(path).soname or ""} - {""}:
            self._named[name].append(path)

    def link(self, path: str) -> Linkage:
        """Return what a library says of itself, which is nothing where it was not read."""
        return self._scene.linkage.get(path, Linkage())

    def libraries(self, key: str) -> tuple[str, ...]:
        """Return the libraries of a distribution that are the ones on disk."""
        return tuple(self._libraries.get(key, ()))

    def below_site(self, path: str) -> str:
        """Return a path without the folder of distributions."""
        return self._ownership.below_site(path)

    def own(self, key: str, name: str) -> tuple[str, ...]:
        """Return the libraries of a distribution that go by a name."""
        return tuple(path for path in self._named.get(name, ()) if key in self._owners[path])

    def found(self, key: str, path: str, name: str) -> bool:
        """Tell whether the loader finds what a library of a distribution needs.

        What its own distribution has counts wherever it lies: Python code can open it first. So
        does what a distribution has that it requires, links to by another library's RPATH, or that
        a trace saw mapped.
        """
        base = posixpath.basename(name)
        if name != base:
            return self._lies_in(posixpath.dirname(name), base) or bool(self.own(key, base))
        if name in self._scene.system.libraries or self.own(key, name):
            return True
        allowed = self._leads_to(key)
        if any(allowed.intersection(self._owners[other]) for other in self._public(name)):
            return True
        if self.mapped.intersection(self._public(name)):
            return True
        return self.led_to(key, path, name)

    def led_to(self, key: str, path: str, name: str) -> bool:
        """Tell whether RPATHs lead to a library: its own, or of whoever may have loaded it."""
        reached = {**dict.fromkeys(folders(path, self.link(path))), **self._folders_of[key]}
        return any(self._lies_in(folder, name) for folder in reached)

    def elsewhere(self, name: str) -> tuple[str, ...]:
        """Return the distributions that stay and have a library, though nothing leads to it."""
        return tuple(sorted({key for path in self._public(name) for key in self._owners[path]}))

    def left_out(self, name: str) -> tuple[str, ...]:
        """Return the installed distributions that have a library and do not stay."""
        owners = {key for path in self._named.get(name, ()) for key in self._owners[path]}
        return tuple(sorted(owners - self._scene.kept))

    def other_versions(self, name: str) -> tuple[str, ...]:
        """Return the names of the same library in other versions that are here: libx.so.12."""
        stem = _stem(name)
        names = {*self._scene.system.libraries, *(n for n in self._named if self._public(n))}
        return tuple(sorted(n for n in names if n not in {name, stem} and _stem(n) == stem))

    def _public(self, name: str) -> list[str]:
        """Return the kept libraries of a name that others can find.

        What auditwheel copied into a wheel has a hash in its file's name and may have kept its
        SONAME: nobody else is meant to find it. An extension module is no library.
        """
        return [
            path
            for path in self._named.get(name, ())
            if posixpath.basename(path).startswith(name)
            and not is_extension(path)
            and self._scene.kept.intersection(self._owners[path])
        ]

    def _leads_to(self, key: str) -> frozenset[str]:
        """Return the distributions that something leads a distribution's libraries to."""
        if key not in self._allowed:
            declared = closure(self._scene.inventory.requires, [key])
            linked = (self._owners_in.get(folder, set()) for folder in self._folders_of[key])
            self._allowed[key] = frozenset(declared).union(*linked)
        return self._allowed[key]

    def _lies_in(self, folder: str, name: str) -> bool:
        path = f"{folder}/{name}"
        if path in self._owners:
            return bool(self._scene.kept.intersection(self._owners[path]))
        return name in self._scene.system.folders.get(folder, ())


def _stem(name: str) -> str:
    match = _STEM.match(name)
    return match[1] if match else name
