"""Which first-party files a command starts."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from pruner.model import ImportSite, SourceTree
from pruner.static.commands import Start, starts
from pruner.static.naming import is_package
from pruner.static.roots import prefixes
from pruner.static.sites import import_sites
from pruner.static.tree import module_paths


def entry_files(tree: SourceTree, argv: Sequence[str]) -> tuple[str, ...]:
    """Return the paths of the first-party files that a command starts, sorted; often just one.

    Understands python with -m, -c or a file, shells with -c, and servers that are given
    `module:attribute`. The `__init__` files above a module are included: they run before it.
    Nothing found gives an empty tuple.
    """
    known = _Tree(tree)
    found = list(starts(argv))
    sure = {path for start in found if start.kind != "word" for path in known.files(start)}
    # A bare word is taken for a module only where nothing better was named: `hypercorn app`.
    maybe = {path for start in found if start.kind == "word" for path in known.files(start)}
    return tuple(sorted(sure or maybe))


def child_imports(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the dotted names that a command has Python import, whoever they belong to."""
    found: dict[str, None] = {}
    for start in starts(argv):
        if start.kind == "module":
            found.update(dict.fromkeys((start.what, f"{start.what}.__main__")))
        elif start.kind == "code":
            for site in import_sites(start.what, "-c", "__main__", is_package=False):
                if not site.guard.copes:
                    found[f"{site.module}.{site.symbol}" if site.symbol else site.module] = None
    return tuple(found)


class _Tree:
    """Looks up what a command names."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._modules = module_paths(tree)

    def files(self, start: Start) -> Iterator[str]:
        """Yield the files of one thing that a command starts."""
        match start.kind:
            case "file":
                yield from self._file(start.what)
            case "code":
                for site in import_sites(start.what, "-c", "__main__", is_package=False):
                    yield from self._site(site)
            case "module":
                yield from self._module(start.what, "__main__")
            case "celery":
                yield from self._module(start.what, "celery")
            case _:
                yield from self._app(start.what)

    def _file(self, name: str) -> Iterator[str]:
        """Find a file by as much of its path as the tree has: `/app/run.py` is `run.py`.

        Where the image keeps a part of the tree elsewhere, a name that only one file has will do.
        """
        parts = [part for part in PurePosixPath(name).parts if part not in {"/", "."}]
        for start in range(len(parts)):
            path = "/".join(parts[start:])
            for each in (path, f"{path}/__main__.py"):
                if each in self._tree.files:
                    yield each
                    return
        ends = [path for path in self._tree.files if path.endswith("/" + "/".join(parts))]
        yield from ends if parts and len(ends) == 1 else ()

    def _module(self, name: str, inner: str) -> Iterator[str]:
        found = self._find(name)
        if found and is_package(self._modules[found]):
            found = found if f"{found}.{inner}" not in self._modules else f"{found}.{inner}"
        elif not found:
            found = self._find(f"{name}.{inner}")  # a namespace package
        yield from self._with_parents(found)

    def _app(self, name: str) -> Iterator[str]:
        """Find `pkg.mod`, also where attributes follow: `pkg.mod.WorkerSettings`."""
        for each in reversed(prefixes(name)):
            if found := self._find(each):
                yield from self._with_parents(found)
                return

    def _site(self, site: ImportSite) -> Iterator[str]:
        for name in (site.module, f"{site.module}.{site.symbol}"):
            if name in self._modules:
                yield from self._with_parents(name)

    def _find(self, name: str) -> str:
        """Return the full name of a module, or "": by its own name, else by one that ends so.

        The latter is for commands that run inside a folder of the tree. A name that the standard
        library has is never looked for there: `python -m http.server`.
        """
        if name in self._modules:
            return name
        if not name or name.partition(".")[0] in sys.stdlib_module_names:
            return ""
        ends = [module for module in self._modules if module.endswith(f".{name}")]
        files = {self._modules[module] for module in ends}
        return min(ends, key=len) if len(files) == 1 else ""

    def _with_parents(self, name: str) -> Iterator[str]:
        for each in prefixes(name):
            if each in self._modules:
                yield self._modules[each]
