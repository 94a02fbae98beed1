"""Tables on a terminal that is too narrow for them."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

FOLDED = 16
"""Columns that are enough for a text which goes on in the next line."""


class Fitting:
    """A table; where there is no room for it, its rows one below the other, and nothing cut."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or what takes its place."""
        widths = [_needed(column, console, options) for column in self._table.columns]
        room = options.max_width - sum(widths) - 2 * (len(widths) - 1)
        if room < 0:
            yield from self._rows()
            return
        for column, width in zip(self._table.columns, widths, strict=True):
            if column.ratio is not None:  # else rich cuts all columns for a long one
                column.max_width = width + room
        yield self._table

    def _rows(self) -> Iterator[RenderableType]:
        """Yield each row's first cell, and below it the others, each after its column's name."""
        if self._table.title:
            yield Text(str(self._table.title), style="italic")
        first, *others = self._table.columns
        for name, *cells in zip(first.cells, *(column.cells for column in others), strict=True):
            yield Text.assemble(_text(name), style="bold")
            named = [
                Text.assemble(f"{column.header} ", _text(cell))
                for column, cell in zip(others, cells, strict=True)
                if _text(cell).plain
            ]
            yield Padding(Text(", ").join(named), (0, 0, 0, 2))


def _needed(column: Column, console: Console, options: ConsoleOptions) -> int:
    if column.ratio is not None:  # it takes what the others leave
        return column.min_width or FOLDED
    if not column.no_wrap:
        return FOLDED
    cells = (column.header, *column.cells)
    widest = max(Measurement.get(console, options, cell).maximum for cell in cells)
    return min(widest, column.max_width or widest)


def _text(cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))
