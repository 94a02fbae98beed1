"""The nights before this one, as the history has them."""

from pruner.config import Config, Image
from pruner.drift.values import Drift
from pruner.history import History, Run
from pruner.model import Document, Value

MOST_RUNS = 1000
_COMMANDS = frozenset({"trace", "lock", "drift"})


class Done(Value, frozen=True, kw_only=True):
    """A run of `pruner drift` on one image, for the history."""

    at: str  # UTC
    image: str
    drift: Drift
    needed: tuple[str, ...]
    seconds: float
    document: Document | None = None  # of today; None where nothing was run


def nights(config: Config, image: Image, count: int) -> tuple[frozenset[str], ...]:
    """Return what the runs of the last `count` nights used, by name, the newest first.

    Nothing where there are fewer: then nobody can say what is not needed. Runs of one day are one
    night.
    """
    if count < 1:
        return ()
    with History.opened(config.root) as opened:
        runs = opened.runs(image.name, limit=MOST_RUNS)
    found: dict[str, set[str]] = {}
    for run in runs:
        if run.command in _COMMANDS and run.needed:
            names = {pin.partition("==")[0] for pin in run.needed}
            found.setdefault(run.at[:10], set()).update(names)
    days = list(found.values())[:count]
    return tuple(frozenset(day) for day in days) if len(days) == count else ()


def record(config: Config, image: Image, done: Done) -> None:
    """Write a run of today into the history."""
    drift, document = done.drift, done.document
    codes: dict[str, int] = {}
    for item in drift.findings:
        codes[item.code] = codes.get(item.code, 0) + 1
    levels: dict[str, int] = {}
    for row in document.distributions if document is not None else ():
        levels[row.level] = levels.get(row.level, 0) + 1
    sizes = document.size_bytes if document is not None else drift.size_bytes
    sure = document.confidence if document is not None else None
    run = Run(
        at=done.at,
        command="drift",
        image=image.name,
        outcome="ok" if drift.clean else "found",
        exit=0 if drift.clean else 1,
        runtime=document.runtime if document is not None else "",
        policy=str(image.policy),
        lock=None,
        size_before=sizes.before if sizes is not None else None,
        size_after=sizes.after if sizes is not None else None,
        image_bytes=None,
        minimal_bytes=None,
        confidence=sure.score if sure is not None else None,
        levels=levels,
        findings=codes,
        needed=done.needed,
        seconds=done.seconds,
    )
    with History.opened(config.root) as opened:
        opened.record(run)
