"""From a module name to the first-party file it means, as Python's own search would find it.

importlab's `Resolver` looks the names up. Of the interpreter it asks only `is_builtin`, which
compares with `sys.builtin_module_names`: nothing is imported. Its `OSFileSystem` leaves a temporary
file and an open descriptor behind, so the files are handed to it as a list.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from importlab.fs import StoredFileSystem
from importlab.parsepy import ImportStatement
from importlab.resolve import Direct, ImportException, Local, Resolver

from pruner.static.naming import is_package


class Folder(StoredFileSystem):  # type: ignore[misc]  # importlab has no types
    """An import root: path as seen from it -> path as seen from the project."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__(files)
        parents = (parent for file in files for parent in PurePosixPath(file).parents)
        self.dirs = {str(parent) for parent in parents}

    def refer_to(self, path: str) -> str:
        """Return the path as seen from the project."""
        return str(self.files[path])


class _Where(NamedTuple):
    path: str | None
    search: tuple[Folder, ...]  # where its submodules may lie


_NOWHERE = _Where(None, ())


class Finder:
    """Finds modules under import roots, and remembers where."""

    def __init__(self, roots: Iterable[Folder]) -> None:
        self._roots = tuple(roots)
        self._known: dict[str, _Where] = {}

    def find(self, module: str) -> str | None:
        """Return the file of a module, or None where it is not first-party (or a namespace)."""
        return self._where(module).path

    def _where(self, module: str) -> _Where:
        for name in prefixes(module):
            if name not in self._known:
                self._known[name] = self._look_up(name)
        return self._known[module]

    def _look_up(self, name: str) -> _Where:
        parent = name.rpartition(".")[0]
        search = self._known[parent].search if parent else self._roots
        if not search:
            return _NOWHERE
        try:
            # Names are absolute by now, so it does not matter which file asks.
            file = Resolver(list(search), Direct("")).resolve_import(ImportStatement(name))
        except ImportException:
            folder = name.replace(".", "/")
            return _Where(None, tuple(each for each in search if each.isdir(folder)))
        if not isinstance(file, Local):
            return _NOWHERE
        return _Where(file.path, (file.fs,) if is_package(file.path) else ())


def prefixes(module: str) -> list[str]:
    """Return `a`, `a.b`, `a.b.c` for `a.b.c`: importing it runs each of them."""
    parts = module.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]
