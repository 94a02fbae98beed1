"""Where the files of a container came from: COPY and ADD, read backwards."""

import fnmatch
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from pruner.model import Value

DESCRIPTIONS = ("pyproject.toml", "setup.py", "setup.cfg")
"""What makes a folder one that installers take, in the order in which they look."""


class Copy(Value, frozen=True, kw_only=True):
    """Sources of the build context, or of another stage, and where they go."""

    sources: tuple[str, ...]
    to: str  # absolute in the container; with a / at the end where it was written so
    stage: int | None = None  # None: from the build context
    line: int = 0


def origins(
    path: str, stage: int, copies: Mapping[int, Sequence[Copy]], seen: frozenset[int] = frozenset()
) -> Iterator[str]:
    """Yield the paths in the build context that `path` of a stage may stem from, likely first."""
    exact: list[tuple[Copy, str]] = []
    below: list[tuple[Copy, str]] = []
    for copy in reversed(copies.get(stage, ())):
        for source in copy.sources:
            exact += [(copy, found) for found in _as_file(path, source, copy.to)]
            below += [(copy, found) for found in _as_folder(path, source, copy.to)]
    for copy, found in exact + below:
        if copy.stage is None:
            yield posixpath.normpath(found.lstrip("/"))
        elif copy.stage not in seen | {stage}:
            full = posixpath.join("/", found)
            yield from origins(full, copy.stage, copies, seen | {stage})


def origin(
    path: str, stage: int, copies: Mapping[int, Sequence[Copy]], context: Path | None
) -> str | None:
    """Return the path in the build context that `path` of a stage stems from.

    With `context`, the folder itself, only a file that is there is believed.
    """
    for found in origins(path, stage, copies):
        if context is None or (context / found).is_file():
            return found
    return None


def description(
    folder: str, stage: int, copies: Mapping[int, Sequence[Copy]], context: Path | None
) -> str | None:
    """Return the pyproject.toml of the build context that describes a folder of a stage."""
    files = (posixpath.join(folder, name) for name in DESCRIPTIONS)
    return next((found for file in files if (found := origin(file, stage, copies, context))), None)


def _as_file(path: str, source: str, to: str) -> Iterator[str]:
    parent, name = posixpath.split(path)
    folder = to.rstrip("/") or "/"
    pattern = PurePosixPath(source).name
    if path == to and "*" not in source:
        yield source
    elif parent == folder and pattern and fnmatch.fnmatchcase(name, pattern):
        yield posixpath.join(posixpath.dirname(source), name)


def _as_folder(path: str, source: str, to: str) -> Iterator[str]:
    # What has a suffix is hardly a folder: COPY a.txt /app/ does not bring /app/b.txt.
    if PurePosixPath(source).suffix or any(char in source for char in "*?["):
        return
    below = to.rstrip("/") + "/"
    if path.startswith(below):
        yield posixpath.join(source, path.removeprefix(below))
