"""A report as a comment on a pull request: what matters in a few lines, the rest folded.

Everything that is not pruner's own words is escaped (escaping.py), and the whole is shorter than
what a comment of GitHub may have, whatever there is to say.
"""

from collections.abc import Iterator, Sequence

from pruner.analysis.sizes import size
from pruner.document import ProofReport
from pruner.model import Conflict, Finding
from pruner.report.changes import Change, changes
from pruner.report.escaping import code, prose
from pruner.report.folded import Folded, Room
from pruner.report.subject import Subject

MARK = "<!-- pruner -->"
"""The first line, by which a job finds its comment again to replace it."""

MOST_BYTES = 60_000
"""Of the comment in UTF-8; GitHub takes 65,536 characters, and a job may add a line of its own."""

MOST_LINES = 5
"""Of one kind and image, before they are folded."""

MOST_IMAGES = 40
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}  # noqa: RUF001  the host's own sign


def pull_request(subjects: Sequence[Subject]) -> bytes:
    """Return the comment in Markdown."""
    room = Room(MOST_BYTES)
    room.add([MARK, f"### pruner: {_verdict(subjects)}", ""])
    room.add(list(_table(subjects)))
    for subject in subjects:
        lines = list(_told(subject))
        if lines:
            room.add(["", f"**{code(subject.image)}**", "", *lines])
    for block in _folded(subjects):
        room.fold(block)
    return room.text().encode()


def _verdict(subjects: Sequence[Subject]) -> str:
    wrong = sum(_wrong(subject) for subject in subjects)
    if wrong:
        return f"{_count(wrong, 'image')} of {len(subjects)} to look at"
    return f"{_count(len(subjects), 'image')}, nothing to look at"


def _wrong(subject: Subject) -> bool:
    proof = subject.document.proof
    return (
        proof is None
        or not proof.passed
        or subject.over_bytes > 0
        or any(item.severity != "note" for item in subject.found)
        or any(not item.settled for item in subject.document.conflicts)
    )


def _table(subjects: Sequence[Subject]) -> Iterator[str]:
    yield "| image | lock | distributions | size | confidence |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for subject in subjects[:MOST_IMAGES]:
        sure = subject.document.confidence
        cells = (
            code(subject.image),
            _proven(subject.document.proof),
            _kept(subject),
            _sizes(subject),
            f"{sure.score:.2f}" if sure is not None else "",
        )
        yield f"| {' | '.join(cells)} |"
    if len(subjects) > MOST_IMAGES:
        yield f"| and {len(subjects) - MOST_IMAGES} more | | | | |"


def _proven(proof: ProofReport | None) -> str:
    if proof is None:
        return "⚠️ no proof"
    return "✅ proven" if proof.passed else "❌ **not proven**"


def _kept(subject: Subject) -> str:
    rows = subject.document.distributions
    return f"{sum(row.kept for row in rows)} of {len(rows)}"


def _sizes(subject: Subject) -> str:
    build, sizes = subject.build, subject.document.size_bytes
    if build is not None:
        before, after = build.original.size_bytes, build.minimal.size_bytes
    elif sizes is not None:
        before, after = sizes.before, sizes.after
    else:
        return ""
    part = 100 * (before - after) / before if before else 0.0
    word = "more" if part < 0 else "less"
    return f"{size(before)} → {size(after)} ({abs(part):.0f} % {word})"


def _told(subject: Subject) -> Iterator[str]:
    """Yield what somebody should look at, and what this request changes."""
    document = subject.document
    if subject.over_bytes and subject.size_bytes is not None:
        has, budget = size(subject.size_bytes), size(subject.budget_bytes or 0)
        yield f"- ❌ {has}, {size(subject.over_bytes)} over the budget of {budget}"
    if document.proof is not None:
        yield from _some([f"- ❌ {prose(line)}" for line in document.proof.differences])
        restored = document.proof.restored
        yield from _some([f"- put back: {code(it.name)}: {prose(it.why)}" for it in restored])
    yield from _some([_conflict(item) for item in document.conflicts if not item.settled])
    yield from _some([_finding(item) for item in subject.found if item.severity != "note"])
    if subject.previous is not None:
        rows = changes(subject.previous, document)
        grown = sum(row.bytes for row in rows)
        if rows:
            word = "more" if grown > 0 else "less"
            by = f", {size(abs(grown))} {word} than before" if grown else ""
            yield f"- {_count(len(rows), 'change')} to the lock{by}:"
            yield from (f"  {line}" for line in _some([_change(row) for row in rows]))


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"- and {len(lines) - MOST_LINES} more"


def _conflict(item: Conflict) -> str:
    names = ", ".join(map(code, item.distributions[:MOST_LINES]))
    return f"- ❌ conflict {prose(item.kind)} of {names} is not settled: {prose(item.why)}"


def _finding(item: Finding) -> str:
    costs = "" if item.size_bytes is None else f" ({size(item.size_bytes)})"
    sign = _SIGNS[item.severity]
    return f"- {sign} {code(item.code)} {prose(item.where)}: {prose(item.what)}{costs}"


def _change(row: Change) -> str:
    name, before, after = code(row.name), code(row.before), code(row.after)
    by = f" ({'+' if row.bytes > 0 else '−'}{size(abs(row.bytes))})" if row.bytes else ""  # noqa: RUF001
    return {
        "added": f"- adds {name} {after}{by}: {prose(row.why)}",
        "removed": f"- leaves out {name} {before}{by}: {prose(row.why)}",
        "moved": f"- moves {name} from {before} to {after}{by}",
        "weaker": f"- knows {name} less well: {before}, now {after}: {prose(row.why)}",
    }[row.kind]


def _folded(subjects: Sequence[Subject]) -> Iterator[Folded]:
    """Yield what is folded: of every image what matters most, then of every image the next."""
    yield from map(_all_findings, subjects)
    yield from map(_all_changes, subjects)
    yield from map(_left_out, subjects)
    yield from map(_stays, subjects)


def _all_findings(subject: Subject) -> Folded:
    rows = [
        (code(it.code), it.severity, prose(it.where), prose(it.what), prose(it.fix))
        for it in subject.found
    ]
    title = f"{prose(subject.image)}: {_count(len(rows), 'finding')}"
    return Folded(title, ("code", "severity", "where", "what", "fix"), rows)


def _all_changes(subject: Subject) -> Folded:
    found = changes(subject.previous, subject.document) if subject.previous is not None else ()
    rows = [
        (row.kind, code(row.name), code(row.before), code(row.after), size(abs(row.bytes)))
        for row in (found if len(found) > MOST_LINES else ())  # else all of them stand above
    ]
    title = f"{prose(subject.image)}: {_count(len(rows), 'change')}"
    return Folded(title, ("change", "distribution", "before", "after", "size"), rows)


def _left_out(subject: Subject) -> Folded:
    return _distributions(subject, kept=False)


def _stays(subject: Subject) -> Folded:
    return _distributions(subject, kept=True)


def _distributions(subject: Subject, *, kept: bool) -> Folded:
    every = [row for row in subject.document.distributions if row.kept == kept]
    every.sort(key=lambda row: (-row.size_bytes, row.name))
    rows = [
        (code(it.name), code(it.version), size(it.size_bytes), prose(it.level), prose(it.why))
        for it in every
    ]
    what = "kept" if kept else "left out"
    total = size(sum(row.size_bytes for row in every))
    title = f"{prose(subject.image)}: {_count(len(rows), 'distribution')} {what}, {total}"
    return Folded(title, ("distribution", "version", "size", "level", "why"), rows)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
