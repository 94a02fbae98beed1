"""Why a file was loaded: from the entrypoint to it, line by line, as a trace saw it."""

from collections import defaultdict, deque
from collections.abc import Iterable

from pruner.model import Loaded


def chain(loaded: Iterable[Loaded], file: str) -> tuple[str, ...]:
    """Return the lines ("path:line") that led to a loaded file, the entrypoint's first.

    Each line stands in the file that the line before it loaded; the last one loaded `file`. Where
    several lines asked for a file, those that give the shortest chain are taken, then those that
    were seen first. Nothing is returned for a file that was not loaded, or that nobody is known to
    have asked for: an entrypoint is one.
    """
    askers = _askers(loaded)
    found: dict[str, tuple[str, ...]] = {file: ()}
    todo = deque([file])
    best: tuple[str, ...] = ()
    while todo:
        here = todo.popleft()
        if not askers.get(here):
            return found[here]
        for by in askers[here]:
            path = by.rpartition(":")[0]
            if path not in found:
                found[path] = (by, *found[here])
                best = max(best, found[path], key=len)
                todo.append(path)
    return best  # a ring that nothing outside is known to have entered


def _askers(loaded: Iterable[Loaded]) -> dict[str, dict[str, None]]:
    """Return by whom each file was asked for, itself left out."""
    askers: dict[str, dict[str, None]] = defaultdict(dict)
    for item in loaded:
        if item.by is not None and item.by.rpartition(":")[0] != item.file:
            askers[item.file][item.by] = None
    return askers
