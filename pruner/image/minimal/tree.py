"""What of the build context the last stage needs, where the Dockerfile copies all of it."""

import posixpath
from collections.abc import Collection, Iterator, Mapping

from pruner.model import Value

INSTALLS = (
    "requirements", "constraints", "pyproject.toml", "setup.py", "setup.cfg", "uv.lock",
    "poetry.lock", "pdm.lock", "Pipfile", "Makefile", "Dockerfile", ".dockerignore", "README",
)  # fmt: skip
"""How names of files begin that are there to install or to build from."""


class Context(Value, frozen=True):
    """The build context: what lies in its folders, and what of it counts as first-party code.

    Paths are relative to it, "" is the context itself. `folders` has the names in each folder that
    was listed. `sources` are first-party trees, `reached` first-party files that run, `words` what
    the code names.
    """

    folders: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    reached: frozenset[str]
    words: frozenset[str]


def narrowed(context: Context, source: str) -> tuple[str, ...]:
    """Return the paths, of all that COPY takes for `source`, that the image needs; sorted."""
    path = posixpath.normpath(source).strip("/")
    path = "" if path == "." else path
    if any(char in path for char in "*?["):
        return (source,)
    return tuple(sorted(_wanted(context, path)))


def _wanted(context: Context, path: str) -> Iterator[str]:
    if path not in context.folders:  # a file
        name = posixpath.basename(path)
        if not name.startswith(INSTALLS) or _named(context, path):
            yield path
    elif path and any(_inside(path, source) for source in context.sources if source):
        yield path
    elif any(_inside(source, path) for source in context.sources):
        for name in context.folders[path]:
            yield from _below(context, posixpath.join(path, name))
    else:
        yield path


def _below(context: Context, path: str) -> Iterator[str]:
    """Yield of one thing in a folder that holds first-party trees what is to come along."""
    trees = [source for source in context.sources if source]
    if any(_inside(path, source) or source == path for source in trees):
        yield path
    elif path in context.folders and any(_inside(source, path) for source in trees):
        yield from _wanted(context, path)
    elif _named(context, path) or any(_inside(file, path) for file in context.reached):
        yield path


def _named(context: Context, path: str) -> bool:
    return any(_inside(word, path) for word in context.words)


def _inside(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or lies in it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def words_of(texts: Collection[str]) -> frozenset[str]:
    """Return what texts may name of the context: relative paths, and the ends of absolute ones."""
    found: set[str] = set()
    for text in texts:
        path = posixpath.normpath(text).strip("/")
        parts = path.split("/")
        found |= {"/".join(parts[start:]) for start in range(min(len(parts), 4))}
    return frozenset(found - {"", "."})
