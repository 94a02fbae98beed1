"""A stage that only installs and copies, seen through: what it has of the context comes from there.

`COPY --from=builder /app /app` then needs no builder.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pruner.image.expand import exec_form, words
from pruner.image.instructions import Instruction
from pruner.image.minimal.carried import is_remote
from pruner.image.minimal.original import Original, makes
from pruner.image.minimal.tree import inside, relative

_LEAST = 2
Through = tuple[list[str], str]
"""Sources of the context, and where they go."""


class _Copied(NamedTuple):
    sources: list[str]
    to: str  # absolute
    folder: bool  # it is said to be one


def seen_through(
    original: Original, stage: int, sources: Sequence[str], to: str
) -> list[Through] | None:
    """Return the copies of the context that a copy from a stage stands for; None where it is more.

    What the stage installs is not among it.
    """
    chain = tuple(original.chain(stage))
    if makes(chain):
        return None
    copied = list(_copied(original, chain))
    if any(row is None for row in copied):
        return None
    rows = [row for row in copied if row is not None]
    found = [
        each
        for source in sources
        for row in rows
        for each in _mapped(original, row, posixpath.normpath(posixpath.join("/", source)), to)
    ]
    return found or None


def _copied(original: Original, chain: Sequence[Instruction]) -> Iterator[_Copied | None]:
    scope = original.scope()
    for item in chain:
        scope.take(item)
        if item.name not in {"COPY", "ADD"}:
            continue
        listed = list(exec_form(item.value) or words(item.value))
        sources = [scope.expand(word) for word in listed[:-1]]
        special = item.name == "ADD" or item.flag("parents") is not None
        if special or item.heredocs or len(listed) < _LEAST or any(map(is_remote, sources)):
            yield None
        elif item.flag("from") is not None:
            name = item.flag("from") or ""
            if original.index(name) is not None:
                yield None  # an image's files are there to install with
        else:
            to = scope.expand(listed[-1])
            folder = to.endswith("/") or to in {".", "./"} or len(sources) > 1
            yield _Copied(sources, scope.place(to), folder)


def _mapped(original: Original, row: _Copied, wanted: str, to: str) -> Iterator[Through]:
    """Yield what one COPY of the stage brings to a path of it, and to where that is copied."""
    if inside(row.to.lstrip("/"), wanted.lstrip("/")):
        rest = posixpath.relpath(row.to, wanted)
        target = to if rest == "." else posixpath.join(to, rest)
        yield row.sources, f"{target.rstrip('/')}/" if row.folder else target
        return
    if not inside(wanted.lstrip("/"), row.to.lstrip("/")):
        return
    rest = posixpath.relpath(wanted, row.to)
    for source in row.sources:
        path = relative(source)
        if path in original.context.folders:
            below = posixpath.join(path, rest)
            if below in original.context:
                yield [below], to
        elif rest == posixpath.basename(path):
            yield [path], to
