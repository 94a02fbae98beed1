"""The nights before this one, as the history has them."""

from pruner.config import Config, Image
from pruner.history import History

MOST_RUNS = 1000
_COMMANDS = frozenset({"trace", "lock", "drift"})


def nights(config: Config, image: Image, count: int) -> tuple[frozenset[str], ...]:
    """Return what the runs of the last `count` nights used, by name, the newest first.

    Nothing where there are fewer: then nobody can say what is not needed. Runs of one day are one
    night. A night that was skipped is one as well: nothing had changed, so what the last run used
    stands for it.
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
