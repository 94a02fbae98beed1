"""Whose file is this, and whose module: ownership by RECORD, never by a likeness of names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from packaging.requirements import InvalidRequirement, Requirement

from pruner.model import Inventory, normalise

EXTENSION = ".so"
_EXTRA = re.compile(r'(?:extra == "|"(?=[^"]+" == extra))([^"]+)"')
PACKAGE, NATIVE, SOURCE, BYTECODE = range(4)
"""The order in which one folder is searched for a module of a given name."""


class Ownership:
    """An index of an inventory: from files and from module names to distributions (by key)."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._owners: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        for dist in inventory.distributions:
            for file in dist.files:
                if file.path in inventory.copies:
                    continue  # the image's own code, wherever it was installed to
                self._owners[file.path].append((dist.key, file.sha256))
        self._broken = self._losers()
        self._modules = self._named()
        self._tops = frozenset(name.partition(".")[0] for name in self._modules)

    def of_file(self, path: str) -> tuple[str, ...]:
        """Return the owners of a file, as loaded: none for first-party and system files.

        Where several RECORDs list it, those whose hash is the one on disk, and of these the ones
        that lost no other file to somebody else.
        """
        return self._settled(self._real(path))

    def of_module(self, name: str) -> tuple[str, ...]:
        """Return the owners of every file that an import of a dotted name executes.

        An import of `a.b.c` executes `a` and `a.b` first, and each may belong to someone else. A
        last part that is no module is an attribute. Nothing is returned for the standard library.
        """
        found: dict[str, None] = {}
        for path in self.files_of(name):
            found.update(dict.fromkeys(self._settled(path)))
        return tuple(found)

    def files_of(self, name: str) -> tuple[str, ...]:
        """Return the files that an import of a dotted name executes."""
        parts = name.split(".")
        if parts[0] in self._inventory.stdlib_modules:
            return ()
        prefixes = (".".join(parts[: end + 1]) for end in range(len(parts)))
        return tuple(self._modules[prefix][1] for prefix in prefixes if prefix in self._modules)

    def has(self, name: str) -> bool:
        """Return whether a dotted name is a module of a distribution, by a file of its own."""
        return name in self._modules and not self.in_stdlib(name)

    def in_stdlib(self, name: str) -> bool:
        """Return whether a dotted name begins with a module of the standard library."""
        return name.partition(".")[0] in self._inventory.stdlib_modules

    def tops_of(self, key: str) -> tuple[str, ...]:
        """Return the shortest dotted names of modules that a distribution owns the files of.

        `idna` owns `idna`; a part of a namespace owns `google.cloud.storage`.
        """
        own = sorted(name for name, (_, path) in self._modules.items() if self._owns(key, path))
        return _topmost(own)

    def tops(self) -> dict[str, tuple[str, ...]]:
        """Return what `tops_of` does, of every distribution that has a module."""
        own: dict[str, list[str]] = defaultdict(list)
        for name, (_, path) in sorted(self._modules.items()):
            for owner in dict(self._owners[path]):
                own[owner].append(name)
        return {key: _topmost(names) for key, names in own.items()}

    def _owns(self, key: str, path: str) -> bool:
        return any(owner == key for owner, _ in self._owners[path])

    def is_known(self, top: str) -> bool:
        """Return whether a top-level name is the standard library's or any distribution's."""
        return top in self._inventory.stdlib_modules or top in self._tops

    def real(self, path: str) -> str:
        """Return the real path of a file that was loaded by another spelling of its folder."""
        return self._real(path)

    def is_site(self, path: str) -> bool:
        """Return whether a loaded file lies where distributions are, and is not first-party."""
        if self.copy_of(path) is not None:
            return False
        return self._real(path).startswith(tuple(f"{d}/" for d in self._inventory.site_dirs))

    def copy_of(self, path: str) -> str | None:
        """Return the path in the source tree of first-party code that was installed."""
        if not self._inventory.copies:
            return None
        return self._inventory.copies.get(self._real(path, known=False))

    def package_of(self, path: str) -> str:
        """Return the folder of the topmost package that an installed file is in, "" where none."""
        below = self.below_site(path)
        real = self._real(path, known=False)
        return real[: -len(below)] + below.partition("/")[0] if "/" in below else ""

    def below_site(self, path: str) -> str:
        """Return a path without the folder of distributions, or as it is."""
        real = self._real(path, known=False)
        inside = (d for d in self._inventory.site_dirs if real.startswith(f"{d}/"))
        return next((real[len(folder) + 1 :] for folder in inside), path)

    def script(self, path: str) -> str | None:
        """Return a console script as "bin/uvicorn", None for what is no distribution's.

        The environment that it lies in may be one of a single run.
        """
        folder, _, name = path.rpartition("/")
        beside = folder == self._inventory.executable.rpartition("/")[0]
        return f"bin/{name}" if beside and self.of_file(path) else None

    def is_stdlib(self, path: str) -> bool:
        """Return whether a loaded file is the interpreter's own."""
        inside = path.startswith(tuple(f"{d}/" for d in self._inventory.stdlib_dirs))
        return inside and self.copy_of(path) is None and not self.is_site(path)

    def _real(self, path: str, *, known: bool = True) -> str:
        if known and path in self._owners:
            return path
        for alias, real in self._inventory.aliases.items():
            if path.startswith(f"{alias}/"):
                return real + path[len(alias) :]
        return path

    def _settled(self, path: str) -> tuple[str, ...]:
        owners = self._owners.get(path, [])
        if len(owners) < 2:  # noqa: PLR2004  one owner needs no settling
            return tuple(key for key, _ in owners)
        digest = self._inventory.on_disk.get(path)
        matching = [key for key, hashed in owners if hashed in {None, digest}]
        whole = [key for key in matching if key not in self._broken]
        return tuple(whole or matching)

    def _losers(self) -> frozenset[str]:
        """Return the distributions of which a file on disk is not the one that they brought."""
        return frozenset(
            key
            for path, digest in self._inventory.on_disk.items()
            for key, hashed in self._owners.get(path, ())
            if hashed not in {None, digest}
        )

    def _named(self) -> dict[str, tuple[tuple[int, int], str]]:
        """Return module name -> (rank, path): the file that the import system would take."""
        best: dict[str, tuple[tuple[int, int], str]] = {}
        for order, folder in enumerate(self._inventory.site_dirs):
            prefix = f"{folder}/"
            for path in self._owners:
                if not path.startswith(prefix):
                    continue
                name, kind = module_of(path[len(prefix) :])
                rank = (order, kind)
                if name and (name not in best or rank < best[name][0]):
                    best[name] = (rank, path)
        return best


def _topmost(names: Iterable[str]) -> tuple[str, ...]:
    """Return the sorted names that no other one leads to."""
    found: list[str] = []
    for name in names:
        if not found or not f"{name}.".startswith(f"{found[-1]}."):
            found.append(name)
    return tuple(found)


def module_of(relative: str) -> tuple[str, int]:
    """Return (dotted name, kind) of a file relative to its site folder; "" for no module."""
    folder, _, file = relative.rpartition("/")
    stem, _, rest = file.partition(".")
    kind = {"py": SOURCE, "pyc": BYTECODE}.get(rest)
    if kind is None:
        if not file.endswith(EXTENSION) or not _is_extension(rest):
            return "", 0
        kind = NATIVE
    parts = [*folder.split("/"), stem] if folder else [stem]
    if not all(part.isidentifier() for part in parts):
        return "", 0
    if stem == "__init__" and folder:
        return ".".join(parts[:-1]), PACKAGE
    return ".".join(parts), kind


def _is_extension(rest: str) -> bool:
    """Tell `x.cpython-311-x86_64-linux-gnu.so`, `x.abi3.so`, `x.so` from `libx.so.1`."""
    tag = rest.removesuffix("so").rstrip(".")
    return tag == "" or tag.startswith(("cpython-", "abi3", "pypy"))


def optional(requires: Iterable[str]) -> Iterator[str]:
    """Yield the keys of what Requires-Dist lines ask for only where an extra is wanted."""
    return (key for key, _ in extras(requires))


def extras(requires: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (key, extra) of what Requires-Dist lines ask for only where an extra is wanted."""
    for line in requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # old metadata has lines that no tool reads any more
        for extra in _EXTRA.findall(str(requirement.marker or "")):
            yield normalise(requirement.name), normalise(extra)


def by_extra(inventory: Inventory, asked: Iterable[str]) -> frozenset[str]:
    """Return what the distributions that an image asks for need only by the extras it asks for."""
    known = inventory.by_key()
    return frozenset(
        need
        for key in known.keys() & set(asked)
        for need in optional(known[key].requires)
        if need in inventory.requires.get(key, ())
    )


def closure(graph: dict[str, tuple[str, ...]], roots: Iterable[str]) -> dict[str, str | None]:
    """Return everything that roots need, itself included: key -> who asked for it first."""
    found: dict[str, str | None] = dict.fromkeys(roots)
    todo = list(found)
    while todo:
        key = todo.pop()
        for need in graph.get(key, ()):
            if need not in found:
                found[need] = key
                todo.append(need)
    return found
