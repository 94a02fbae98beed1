"""What a minimal image still holds that no run has used: the next thing to look at."""

from collections.abc import Collection, Iterable, Sequence

from pruner.model import Conflict, Level, Value, Verdict

CUDA = ("nvidia-", "triton", "pytorch-triton")
"""How the names of distributions begin that torch requires where it is built for CUDA."""


class Rest(Value, frozen=True):
    """A distribution that stays, though no run used it and CUDA does not need it."""

    name: str
    level: str
    size_bytes: int


def remains(
    verdicts: Sequence[Verdict], conflicts: Iterable[Conflict], loaded: Collection[str] = ()
) -> tuple[Rest, ...]:
    """Return what stays without having been seen in use, the largest first.

    What stays in the place of a rival that was used is used in its place. `loaded` are keys of what
    the agents loaded in the minimal image: exercises may have come since the lock was made.
    """
    seen = {row.name for row in verdicts if row.level == Level.OBSERVED.word}.union(loaded)
    instead = {item.keep for item in conflicts if not seen.isdisjoint(item.drop)}
    rows = [
        Rest(name=row.name, level=row.level, size_bytes=row.size_bytes)
        for row in verdicts
        if row.kept and row.name not in seen | instead and not row.name.startswith(CUDA)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.size_bytes, row.name)))
