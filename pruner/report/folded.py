"""Markdown that has to fit: how much room is left, and tables that are folded and cut to it."""

from collections.abc import Sequence
from typing import NamedTuple

_CUT = "There was more to say than a comment may hold: `pruner report` has all of it."


class Folded(NamedTuple):
    """A table behind a line that unfolds it; cells are Markdown."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Room:
    """Lines of at most so many bytes in UTF-8; what does not fit is not added, and that is said."""

    def __init__(self, most: int) -> None:
        self._lines: list[str] = []
        self._cut = False
        self.left = most - _bytes(["", _CUT])

    def add(self, lines: Sequence[str]) -> None:
        """Add lines where all of them fit."""
        cost = _bytes(lines)
        if cost > self.left:
            self._cut = True
            return
        self.left -= cost
        self._lines += lines

    def fold(self, block: Folded) -> None:
        """Add a table of as many rows as there is room for."""
        if not block.rows:
            return
        lines = [
            "",
            f"<details><summary>{block.title}</summary>",
            "",
            f"| {' | '.join(block.head)} |",
            f"|{' --- |' * len(block.head)}",
        ]
        rows = [f"| {' | '.join(row)} |" for row in block.rows]
        end = ["", "</details>"]
        left = self.left - _bytes([*lines, *end, *_more(len(rows))])
        taken = 0
        while taken < len(rows) and (left := left - _bytes(rows[taken : taken + 1])) >= 0:
            taken += 1
        if not taken:
            self._cut = True
            return
        self.add([*lines, *rows[:taken], *_more(len(rows) - taken), *end])

    def text(self) -> str:
        """Return what was added."""
        more = ["", _CUT] if self._cut else []
        return "".join(f"{line}\n" for line in (*self._lines, *more))


def _more(count: int) -> list[str]:
    return ["", f"and {count} more"] if count else []


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
