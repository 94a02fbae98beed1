"""What the runs of today say otherwise than the committed document."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pruner.analysis.sizes import size
from pruner.document import Document
from pruner.drift.found import drifted
from pruner.model import Conflict, Finding, Level, Verdict

_LEVELS = {level.word: level for level in Level}


def compared(before: Document, now: Document, requirements: Mapping[str, str]) -> Iterator[Finding]:
    """Yield how a document of today differs from the committed one.

    `requirements` has where each distribution is asked for, by key.
    """
    old = {row.name: row for row in before.distributions}
    new = {row.name: row for row in now.distributions}
    moved = {row.name for row in before.aligned}
    for name in sorted(old.keys() | new.keys()):
        where = requirements.get(name, name)
        yield from _row(old.get(name), new.get(name), where, aligned=name in moved)
    yield from _conflicts(before.conflicts, now.conflicts)
    yield from _proof(now)
    yield from _base(before, now)
    yield from _sizes(before, now)


def _row(
    old: Verdict | None, new: Verdict | None, where: str, *, aligned: bool
) -> Iterator[Finding]:
    if new is None:
        if old is not None and old.kept:
            what = f"{old.name} {old.version} is in the lock, and no longer in the original"
            yield drifted("PRN571", where, what, size_bytes=old.size_bytes)
    elif new.kept and (old is None or not old.kept):
        yield _needed(old, new)
    elif old is None:
        what = f"{new.name} {new.version} is new in the original, and {new.why}"
        yield drifted("PRN574", where, what, size_bytes=new.size_bytes)
    elif old.kept and not new.kept:
        what = f"{old.name} {old.version} was kept ({old.level}) and would go ({new.level})"
        yield drifted("PRN571", where, f"{what}: {new.why}", size_bytes=old.size_bytes)
    elif old.kept:
        yield from _both(old, new, where, aligned=aligned)


def _needed(old: Verdict | None, new: Verdict) -> Finding:
    """Return the finding of what the lock has not; `where` is the line that uses it."""
    proof = new.proof[0] if new.proof else None
    by = proof.by if proof is not None and proof.by else ""
    verb = "is loaded by" if new.level == Level.OBSERVED.word else "is needed by"
    users = ", ".join(name or "the image's own code" for name in new.used_by)
    who = users or (f"{proof.kind} {proof.what}" if proof is not None else new.why)
    agent = f" in {proof.agent}" if proof is not None and proof.agent else ""
    state = "is new" if old is None else f"was left out ({old.level})"
    what = f"{new.name} {new.version} {verb} {who}{agent} ({new.level}); it {state}"
    return drifted("PRN570", by or new.name, what, size_bytes=new.size_bytes)


def _both(old: Verdict, new: Verdict, where: str, *, aligned: bool) -> Iterator[Finding]:
    if old.version != new.version and not aligned:
        what = f"{new.name} {new.version} is installed, and the lock has {old.version}"
        yield drifted("PRN573", where, what)
    if _LEVELS.get(new.level, Level.UNUSED) < _LEVELS.get(old.level, Level.UNUSED):
        what = f"the evidence for {new.name} was {old.level} and is {new.level}: {new.why}"
        yield drifted("PRN572", where, what, size_bytes=new.size_bytes)


def _conflicts(before: Sequence[Conflict], now: Sequence[Conflict]) -> Iterator[Finding]:
    known = {(item.kind, item.distributions): item for item in before}
    today = {(item.kind, item.distributions): item for item in now}
    for key, item in today.items():
        what = f"{item.kind}, {', '.join(item.distributions)}: {item.why}"
        if not item.settled:
            yield drifted("PRN540", ", ".join(item.distributions), what)
        elif key not in known:
            severity = "note" if item.note else ""
            yield drifted("PRN541", ", ".join(item.distributions), what, severity=severity)
    for key, item in known.items():
        if key not in today:
            what = f"{item.kind}, {', '.join(item.distributions)}: it was {item.why}"
            yield drifted("PRN542", ", ".join(item.distributions), what)


def _proof(now: Document) -> Iterator[Finding]:
    proof = now.proof
    if proof is None or proof.passed:
        return
    for line in proof.differences or ("the lock of today is not proven",):
        yield drifted("PRN576", f"images.{now.image}", line)


def _base(before: Document, now: Document) -> Iterator[Finding]:
    if before.base is None or now.base is None or before.base.name != now.base.name:
        return
    old, new = before.base.digest, now.base.digest
    if old is not None and new is not None and old != new:
        what = f"the tag {now.base.name} moved: it was {old[:19]} and is {new[:19]}"
        yield drifted("PRN530", f"images.{now.image}", what)


def _sizes(before: Document, now: Document) -> Iterator[Finding]:
    if before.size_bytes is None or now.size_bytes is None:
        return
    more = now.size_bytes.after - before.size_bytes.after
    # Scripts name the folder that they are installed to, so a few bytes differ from run to run.
    if abs(more) * 100 > before.size_bytes.after:
        word = "more" if more > 0 else "less"
        what = f"a lock of today has {size(now.size_bytes.after)}, {size(abs(more))} {word}"
        yield drifted("PRN577", f"images.{now.image}", what)


def unneeded(
    document: Document, nights: Sequence[Collection[str]], keep: Collection[str]
) -> Iterator[Finding]:
    """Yield what is kept and that none of these nights needed, the largest first.

    Each night has the names of what its runs used; `keep` is what a person wants, by key.
    """
    if not nights:
        return
    seen = {name for night in nights for name in night}
    rows = [
        row
        for row in document.distributions
        if row.kept and row.own is None and row.name not in seen and row.name not in keep
    ]
    for row in sorted(rows, key=lambda row: (-row.size_bytes, row.name)):
        what = f"{row.name} {row.version} is kept ({row.level}), and no run of {len(nights)} nights"
        yield drifted("PRN575", row.name, f"{what} used it", size_bytes=row.size_bytes)
