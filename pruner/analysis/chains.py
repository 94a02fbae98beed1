"""Why a file was loaded: from the entrypoint to it, line by line, as a trace saw it."""

from collections import defaultdict, deque
from collections.abc import Iterable

from pruner.model import Loaded


class Chains:
    """Who asked for every file that was loaded, in one run or in several."""

    def __init__(self, loaded: Iterable[Loaded]) -> None:
        self._askers: dict[str, dict[str, None]] = defaultdict(dict)
        for item in loaded:
            if item.by is not None and path_of(item.by) != item.file:
                self._askers[item.file][item.by] = None

    def to_file(self, file: str) -> tuple[str, ...]:
        """Return the lines ("path:line") that led to a loaded file, the entrypoint's first.

        Each line stands in the file that the line before it loaded; the last one loaded `file`.
        Where several lines asked for a file, those that give the shortest chain are taken, then
        those that were seen first. Nothing is returned for a file that was not loaded, or that
        nobody is known to have asked for: an entrypoint is one.
        """
        found: dict[str, tuple[str, ...]] = {file: ()}
        todo = deque([file])
        best: tuple[str, ...] = ()
        while todo:
            here = todo.popleft()
            if not self._askers.get(here):
                return found[here]
            for by in self._askers[here]:
                path = path_of(by)
                if path not in found:
                    found[path] = (by, *found[here])
                    best = max(best, found[path], key=len)
                    todo.append(path)
        return best  # a ring that nothing outside is known to have entered

    def to_line(self, by: str) -> tuple[str, ...]:
        """Return the lines that led to a line, itself included."""
        return (*self.to_file(path_of(by)), by)


def path_of(by: str) -> str:
    """Return the path of "path:line"."""
    return by.rpartition(":")[0]
