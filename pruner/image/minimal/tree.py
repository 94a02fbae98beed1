"""What of the build context the last stage needs, where the Dockerfile copies all of it."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pruner.model import Value

INSTALLS = (
    "requirements", "constraints", "pyproject.toml", "setup.py", "setup.cfg", "uv.lock",
    "poetry.lock", "pdm.lock", "Pipfile", "Makefile", "Dockerfile", ".dockerignore", "README",
)  # fmt: skip
"""How names of files begin that are there to install or to build from."""
SECRETS = ".env"
"""What developers keep passwords in; only a COPY that names it brings it along."""
_WILD = frozenset("*?[")
_ENDS = 4
"""How many of the last parts of a path are looked for: "/app/data/x.json" may be "data/x.json"."""


class Context(Value, frozen=True):
    """The build context: what lies in its folders, and what of it counts as first-party code.

    Paths are relative to it, "" is the context itself. `folders` has the names in each folder that
    was listed, and () for those that were not. `sources` are first-party trees, `reached`
    first-party files that run, `words` what the code names.
    """

    folders: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    reached: frozenset[str]
    words: frozenset[str]

    def __contains__(self, path: str) -> bool:
        """Return whether something is there; where nobody has looked, it is believed."""
        folder, name = posixpath.split(path)
        if not path:
            return True
        names = self.folders.get(folder)
        return folder in self if names is None else not names or name in names

    def names(self, path: str) -> bool:
        """Return whether the code names a path, or something below it."""
        return any(inside(word, path) for word in self.words)


class Narrowed(NamedTuple):
    """The paths that an image needs, of all that a COPY takes, and those that are left out."""

    kept: tuple[str, ...]
    left: tuple[str, ...] = ()


def narrowed(context: Context, source: str) -> Narrowed:
    """Return what an image needs of one source of a COPY; sorted."""
    path = relative(source)
    if is_wild(path):
        name = posixpath.basename(path)
        return Narrowed((), (path,)) if name.startswith(INSTALLS) else Narrowed((path,))
    if path not in context.folders:
        return _file(context, path)
    rows = list(_of_folder(context, path))
    return Narrowed(
        kept=tuple(sorted(found for found, needed in rows if needed)),
        left=tuple(sorted(found for found, needed in rows if not needed)),
    )


def relative(source: str) -> str:
    """Return a source of a COPY as a path of the context, "" for all of it."""
    path = posixpath.normpath(source.lstrip("/") or ".")
    return "" if path == "." else path


def is_wild(path: str) -> bool:
    """Return whether a path is a pattern."""
    return not _WILD.isdisjoint(path)


def _file(context: Context, path: str) -> Narrowed:
    needed = not posixpath.basename(path).startswith(INSTALLS) or context.names(path)
    return Narrowed((path,)) if needed else Narrowed((), (path,))


def _of_folder(context: Context, path: str) -> Iterator[tuple[str, bool]]:
    trees = [source for source in context.sources if source]
    if path and any(inside(path, tree) for tree in trees):
        yield path, True
    elif any(inside(source, path) for source in context.sources):
        for name in context.folders[path]:
            yield from _below(context, posixpath.join(path, name), trees)
    else:  # someone named it
        yield path, True


def _below(context: Context, path: str, trees: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield what is to become of one thing in a folder that holds first-party trees."""
    name = posixpath.basename(path)
    if any(inside(path, tree) for tree in trees):
        yield path, True
    elif path in context.folders and any(inside(tree, path) for tree in trees):
        yield from _of_folder(context, path)
    elif name == SECRETS or name.startswith(f"{SECRETS}."):
        yield path, False
    elif "" in context.sources:
        yield path, not name.startswith(INSTALLS) or context.names(path)
    else:
        yield path, context.names(path) or any(inside(file, path) for file in context.reached)


def inside(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or lies in it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return what texts may name of the context: relative paths, and the ends of absolute ones.

    "/docs" is a route and no folder of the project's.
    """
    found: set[str] = set()
    for text in texts:
        path = posixpath.normpath(text).strip("/")
        parts = [part for part in path.split("/") if part != ".."]
        if text.startswith("/") and len(parts) == 1:
            continue
        found |= {"/".join(parts[start:]) for start in {0, *range(len(parts))[-_ENDS:]}}
    return frozenset(found - {"", "."})
