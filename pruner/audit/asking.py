"""Requirement lines: what is not pinned, what nobody needs, and what comes along."""

import re
from collections.abc import Iterable, Iterator, Mapping

from packaging.version import InvalidVersion, Version

from pruner.audit.found import found, listed
from pruner.audit.values import Facts
from pruner.document import Document
from pruner.model import Finding, Verdict, normalise
from pruner.requirements.values import Direct, Requirement, Requirements

_INSTALLERS = ("pip", "setuptools", "wheel")
"""What an image's base has, and no lock takes out of its layers."""
_COMMIT = re.compile(r"@[0-9a-f]{40}(#|$)")


def unpinned(facts: Facts) -> Iterator[Finding]:
    """Yield lines that the next build may take another version for."""
    read = facts.requirements
    if read is None:
        return
    held = {row.key for row in read.constraints if row.pin is not None}
    for row in read.requirements:
        if row.pin is None and row.key not in held:
            if row.specifier:
                what = f"{row.name}{row.specifier} does not say which version"
            else:
                what = f"{row.name} has no version"
            yield found("PRN221", f"{row.file}:{row.line}", what)
    for item in read.direct:
        if _moves(item):
            what = f"{item.name or 'a repository'} is taken from a branch, which moves"
            fix = "name the commit: @ and its 40 digits"
            yield found("PRN221", f"{item.file}:{item.line}", what, fix=fix)


def _moves(item: Direct) -> bool:
    url = item.url or ""
    return url.startswith(("git+", "hg+", "svn+", "bzr+")) and not _COMMIT.search(url)


def unneeded(facts: Facts) -> Iterator[Finding]:
    """Yield lines that nobody needs, by the committed verdicts, with what only they bring."""
    document = facts.document
    if document is None:
        yield found(
            "PRN223",
            _first(facts),
            "no lock says yet which requirements nobody needs",
            fix=f"pruner lock --image {facts.image}",
        )
        return
    rows = {normalise(row.name): row for row in document.distributions}
    lines = _lines(facts.requirements, rows)
    stale = [row.text for row in lines.values() if not _is(row, rows[row.key])]
    if stale:
        what = f"the lock was made from other versions than {listed(stale)}"
        yield found("PRN223", _first(facts), what, fix=f"pruner lock --image {facts.image}")
    current = {key: row for key, row in lines.items() if _is(row, rows[key])}
    yield from _judged(facts, document, rows, current)


def _judged(
    facts: Facts, document: Document, rows: Mapping[str, Verdict], lines: Mapping[str, Requirement]
) -> Iterator[Finding]:
    kept = [key for key in lines if rows[key].kept]
    stays = _closure(rows, kept)
    told: set[str] = set()
    for key, line in lines.items():
        row = rows[key]
        if row.kept:
            continue
        goes = ({key} | (_closure(rows, [key]) - stays)) - told
        told |= goes
        others = sorted(goes - {key})
        more = f", and brings {listed(others)}" if others else ""
        fix = _how(key, rows, kept) or "take the line out, or install from the lock"
        yield found(
            "PRN222",
            f"{line.file}:{line.line}",
            f"{row.name} {row.version} is needed by nobody ({row.why}){more}",
            fix=fix,
            size_bytes=sum(rows[name].size_bytes for name in goes),
        )
    base = _closure(rows, _INSTALLERS) - stays
    rest = [row for key, row in rows.items() if not row.kept and key not in told | base]
    if rest:
        rest.sort(key=lambda row: (-row.size_bytes, row.name))
        yield found(
            "PRN224",
            _first(facts),
            f"{len(rest)} more that no line asks for and nothing needs:"
            f" {listed([row.name for row in rest])}",
            fix=f"install from the lock: {document.lock.requirements}" if document.lock else "",
            size_bytes=sum(row.size_bytes for row in rest),
        )


def _how(key: str, rows: Mapping[str, Verdict], kept: Iterable[str]) -> str:
    """Return what to do where a kept requirement declares a distribution that has a line too."""
    by = [name for name in kept if key in _closure(rows, [name])]
    if not by:
        return ""
    return f"{listed(by)} declares it as well, so only the lock leaves it out"


def _closure(rows: Mapping[str, Verdict], names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = normalise(todo.pop())
        if name in rows and name not in seen:
            seen.add(name)
            todo += rows[name].needs
    return seen


def _lines(read: Requirements | None, rows: Mapping[str, Verdict]) -> dict[str, Requirement]:
    """Return the first line of each installed distribution that is asked for."""
    found_: dict[str, Requirement] = {}
    for row in read.requirements if read else ():
        if row.key in rows:
            found_.setdefault(row.key, row)
    return found_


def _is(line: Requirement, row: Verdict) -> bool:
    """Return whether the lock knows the version that a line pins."""
    if line.pin is None:
        return True
    try:
        asked, known = Version(line.pin), Version(row.version)
    except InvalidVersion:
        return line.pin == row.version
    return asked == known or (not asked.local and asked.public == known.public)


def _first(facts: Facts) -> str:
    """Return where requirements come from: their first file, else the Dockerfile."""
    if facts.requirements is not None and facts.requirements.files:
        return f"{facts.requirements.files[0]}:1"
    if facts.source is not None:
        return facts.source.where(facts.source.dockerfile.stages[-1].line)
    return f"images.{facts.image}"
