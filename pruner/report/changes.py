"""What differs between two locks of one image, as far as their documents tell."""

from collections.abc import Iterator

from pruner.document import Document
from pruner.model import Level, Value, Verdict

STRENGTH = {level.word: int(level) for level in Level}


class Change(Value, frozen=True):
    """A distribution that is new in the lock, gone from it, of another version, or weaker known.

    `bytes` is by how much what is kept grows.
    """

    kind: str  # "added" | "removed" | "moved" | "weaker"
    name: str
    before: str  # a version, a level where it is "weaker"; "" where there was none
    after: str
    why: str
    bytes: int


def changes(before: Document, after: Document) -> tuple[Change, ...]:
    """Return what differs, the most bytes first."""
    old, new = _kept(before), _kept(after)
    gone = {row.name: row for row in after.distributions if not row.kept}
    found = [
        change
        for name in sorted({*old, *new})
        for change in _of(old.get(name), new.get(name), gone.get(name))
    ]
    return tuple(sorted(found, key=lambda row: (-abs(row.bytes), row.name, row.kind)))


def _kept(document: Document) -> dict[str, Verdict]:
    return {row.name: row for row in document.distributions if row.kept}


def _of(old: Verdict | None, new: Verdict | None, gone: Verdict | None) -> Iterator[Change]:
    """Yield what differs in one distribution; `gone` is why it is no longer kept."""
    if old is None and new is not None:
        yield Change("added", new.name, "", new.version, new.why, new.size_bytes)
    elif new is None and old is not None:
        why = gone.why if gone is not None else "it is no longer installed"
        yield Change("removed", old.name, old.version, "", why, -old.size_bytes)
    elif old is not None and new is not None:
        if old.version != new.version:
            grown = new.size_bytes - old.size_bytes
            yield Change("moved", new.name, old.version, new.version, new.why, grown)
        if STRENGTH.get(new.level, 0) < STRENGTH.get(old.level, 0):
            yield Change("weaker", new.name, old.level, new.level, new.why, 0)
