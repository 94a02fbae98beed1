"""The commit message for a lock that was made anew."""

import textwrap
from collections.abc import Iterator, Sequence

from pruner.analysis.sizes import size
from pruner.document import Document
from pruner.model import Finding, Verdict

SUBJECT = 72
MOST = 30
"""Lines of one kind; whoever wants all of them reads the difference."""


def message(before: Document | None, now: Document, findings: Sequence[Finding]) -> str:
    """Return a subject of at most 72 characters, and what changed and why."""
    old = _kept(before)
    new = _kept(now)
    came = [row for name, row in new.items() if name not in old]
    went = [row for name, row in old.items() if name not in new]
    moved = [
        (old[name], row)
        for name, row in new.items()
        if name in old and old[name].version != row.version
    ]
    lines = [_subject(before, now, len(came), len(went), len(moved)), ""]
    lines += _part("Comes:", [f"{row.name} {row.version} ({row.level}): {row.why}" for row in came])
    lines += _part("Goes:", [f"{row.name} {row.version}" for row in went])
    lines += _part("Moves:", [f"{one.name} {one.version} -> {two.version}" for one, two in moved])
    told = [row for row in findings if row.severity != "note"]
    lines += _part("Because of:", [f"{row.code} {row.where}: {row.what}" for row in told])
    lines.append(_proven(now))
    return "".join(f"{_plain(line)}\n" for line in lines)


def _kept(document: Document | None) -> dict[str, Verdict]:
    rows = document.distributions if document is not None else ()
    return {row.name: row for row in rows if row.kept and row.own is None}


def _subject(before: Document | None, now: Document, came: int, went: int, moved: int) -> str:
    counts = ((came, "in"), (went, "out"), (moved, "moved"))
    parts = [f"{count} {word}" for count, word in counts if count]
    text = f"Lock {now.image} anew: {', '.join(parts) or 'the same pins'}"
    if before is not None and before.size_bytes is not None and now.size_bytes is not None:
        more = now.size_bytes.after - before.size_bytes.after
        if more:
            text += f"; {size(abs(more))} {'more' if more > 0 else 'less'}"
    return textwrap.shorten(text, SUBJECT, placeholder="…")


def _part(title: str, rows: Sequence[str]) -> Iterator[str]:
    if not rows:
        return
    yield title
    for row in rows[:MOST]:
        yield from textwrap.wrap(
            row, SUBJECT, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
    if len(rows) > MOST:
        yield f"- and {len(rows) - MOST} more"
    yield ""


def _proven(now: Document) -> str:
    rounds = now.proof.rounds if now.proof is not None else 0
    agents = ", ".join(agent.name for agent in now.agents)
    count = "1 round" if rounds == 1 else f"{rounds} rounds"
    return f"Proven with {agents} in {count}, {now.runtime} sandbox."


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
