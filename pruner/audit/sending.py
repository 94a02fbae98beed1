"""What a build sends, and what a .dockerignore would save of it."""

import posixpath
from collections.abc import Iterable, Mapping

from pruner.analysis.sizes import size
from pruner.audit.copies import is_whole
from pruner.audit.found import found, listed
from pruner.audit.values import Context, Facts, Source
from pruner.image.ignoring import Ignoring, Matched, below
from pruner.model import Finding, Value
from pruner.rules import junk

_LEAST = 1024
"""Bytes below which nobody needs a .dockerignore."""


class Proposal(Value, frozen=True, kw_only=True):
    """Lines for a .dockerignore, and the bytes that a build sends without and with them."""

    lines: tuple[str, ...] = ()
    before: int = 0
    after: int = 0
    kinds: dict[str, int] = {}  # noqa: RUF012  what -> bytes


def sent(source: Source, context: Context) -> dict[str, int]:
    """Return the files that BuildKit asks for: those that COPY, ADD and mounts name."""
    wanted = [path for copy in source.dockerfile.copies for path in copy.sources]
    if any(is_whole(path) for path in wanted):
        return context.files
    return {
        path: count
        for path, count in context.files.items()
        if any(below(path, item) for item in wanted)
    }


def propose(source: Source, context: Context, trees: Iterable[str]) -> Proposal:
    """Return what to leave out of a context.

    What a line of the Dockerfile names stays, and of the project's own source trees all but what
    is junk everywhere.
    """
    files = dict(sent(source, context))
    before = sum(files.values())
    copied = [path for copy in source.dockerfile.copies for path in copy.sources]
    named = [path for path in copied if not is_whole(path)]
    own = [tree for tree in trees if not is_whole(tree)]
    lines: list[str] = []
    kinds: dict[str, int] = {}
    for row in junk():
        tops = _tops(files, row.patterns)
        spared = {
            path
            for path, top in tops.items()
            if any(below(top[0], one) for one in named) and _asked(top[0], named)
        }
        if not row.always:
            spared |= {path for path in tops if any(below(path, one) for one in (*named, *own))}
        gone = {path: top for path, top in tops.items() if path not in spared}
        if not gone:
            continue
        kinds[row.what] = sum(files.pop(path) for path in gone)
        kept = {pattern for path, (_, pattern) in tops.items() if path in spared}
        lines += [top if pattern in kept else pattern for top, pattern in gone.values()]
    return Proposal(
        lines=tuple(dict.fromkeys(lines)), before=before, after=sum(files.values()), kinds=kinds
    )


def _asked(top: str, named: Iterable[str]) -> bool:
    """Return whether a line names something that is junk, or lies in it: `COPY .venv /venv`."""
    return any(posixpath.normpath(one).lstrip("/").startswith(top) for one in named)


def _tops(files: Mapping[str, int], patterns: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return the files that patterns leave out: the outermost path that does, and the pattern."""
    found_: dict[str, tuple[str, str]] = {}
    for pattern in patterns:
        ignoring = Ignoring([pattern])
        known: dict[str, tuple[str, Matched]] = {"": ("", ignoring.nothing)}
        for path in files:
            if path not in found_ and (top := _top(path, ignoring, known)):
                found_[path] = (top, pattern)
    return found_


def _top(path: str, ignoring: Ignoring, known: dict[str, tuple[str, Matched]]) -> str:
    """Return the outermost part of a path that is left out; "" for none. `known` is by folder."""
    if path not in known:
        folder = posixpath.dirname(path)
        top = _top(folder, ignoring, known) if folder else ""
        out, matched = ignoring.match(path, known[folder][1])
        known[path] = (top or (path if out else ""), matched)
    return known[path][0]


def sending(facts: Facts, proposal: Proposal | None) -> list[Finding]:
    """Return what is said of the context as a whole."""
    source, context = facts.source, facts.context
    if context is None:
        return []
    told = [
        found("PRN242", folder, "cannot be listed, so what is in it is not counted")
        for folder in context.unread
    ]
    if source is None or proposal is None:
        return told
    if proposal.before - proposal.after < _LEAST:
        return [*_none_yet(source, context), *told]
    saved = proposal.before - proposal.after
    kinds = sorted(proposal.kinds.items(), key=lambda row: -row[1])
    parts = listed([f"{what} {size(count)}" for what, count in kinds])
    has = f"{context.ignore_file} lets through" if context.ignore_file else "no .dockerignore:"
    what = f"{has} {size(saved)} of {size(proposal.before)} that nothing runs ({parts})"
    fix = ".dockerignore: " + " ".join(proposal.lines)
    return [found("PRN240", source.where(_line(source)), what, fix=fix, size_bytes=saved), *told]


def _none_yet(source: Source, context: Context) -> list[Finding]:
    """Return that there is no .dockerignore where everything is copied, though nothing is junk."""
    whole = any(is_whole(path) for copy in source.dockerfile.copies for path in copy.sources)
    if context.ignore_file is not None or not whole:
        return []
    what = "no .dockerignore, and everything in the context is copied"
    return [found("PRN243", source.where(_line(source)), what)]


def _line(source: Source) -> int:
    """Return the line that takes the most: the first that takes everything, else the first."""
    copies = source.dockerfile.copies
    whole = [copy.line for copy in copies if any(is_whole(path) for path in copy.sources)]
    return next(iter(whole or [copy.line for copy in copies]), source.dockerfile.stages[-1].line)
