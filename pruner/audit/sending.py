"""What a build sends, and what a .dockerignore would save of it."""

import posixpath
import re
from collections.abc import Iterable

from pruner.analysis.sizes import size
from pruner.audit.copies import is_whole
from pruner.audit.found import found, listed
from pruner.audit.values import Context, Facts, Source
from pruner.image.ignoring import below, joined
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
    files = sent(source, context)
    copied = [path for copy in source.dockerfile.copies for path in copy.sources]
    named = [path for path in copied if not is_whole(path)]
    own = [tree for tree in trees if not is_whole(tree)]
    suspects = _within(files, joined(pattern for row in junk() for pattern in row.patterns))
    lines: list[str] = []
    kinds: dict[str, int] = {}
    for row in junk():
        tops = _tops(suspects, row.patterns)
        spared = {path for path, (top, _) in tops.items() if _asked(top, named)}
        if not row.always:
            spared |= {path for path in tops if any(below(path, one) for one in (*named, *own))}
        gone = {path: top for path, top in tops.items() if path not in spared}
        kept = {tops[path][1] for path in spared}
        lines += [top if pattern in kept else pattern for top, pattern in gone.values()]
        for path in gone:
            kinds[row.what] = kinds.get(row.what, 0) + files[path]
            del suspects[path]
    before = sum(files.values())
    return Proposal(
        lines=tuple(dict.fromkeys(lines)),
        before=before,
        after=before - sum(kinds.values()),
        kinds=kinds,
    )


def _asked(top: str, named: Iterable[str]) -> bool:
    """Return whether a line names something that is junk, or lies in it: `COPY .venv /venv`."""
    return any(below(posixpath.normpath(one).lstrip("/"), top) for one in named)


def _tops(files: Iterable[str], patterns: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Return the files that patterns leave out: the outermost path that does, and the pattern."""
    found_: dict[str, tuple[str, str]] = {}
    for pattern in patterns:
        for path, top in _within(files, joined([pattern])).items():
            found_.setdefault(path, (top, pattern))
    return found_


def _within(files: Iterable[str], pattern: re.Pattern[str]) -> dict[str, str]:
    """Return the files that a pattern leaves out, and the outermost part of each that it does."""
    known: dict[str, str] = {"": ""}

    def top(path: str) -> str:
        if path not in known:
            folder = top(posixpath.dirname(path))
            known[path] = folder or (path if pattern.match(path) else "")
        return known[path]

    return {path: outermost for path in files if (outermost := top(path))}


def sending(facts: Facts, proposal: Proposal | None) -> list[Finding]:
    """Return what is said of the context as a whole."""
    source, context = facts.source, facts.context
    if context is None:
        return []
    told = [
        found("PRN200", f"{context.ignore_file}:{line}", f"{pattern} is no pattern")
        for line, pattern in context.bad
    ]
    told += [
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
    what = "no .dockerignore, and everything in the context is sent"
    return [found("PRN243", source.where(_line(source)), what)]


def _line(source: Source) -> int:
    """Return the line that takes the most: the first that takes everything, else the first."""
    copies = source.dockerfile.copies
    whole = [copy.line for copy in copies if any(is_whole(path) for path in copy.sources)]
    return next(iter(whole or [copy.line for copy in copies]), source.dockerfile.stages[-1].line)
