"""The trend of an image, and where every image stands, as tables that fit 80 columns."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruner.analysis.sizes import size
from pruner.history import Run
from pruner.report.fitting import Fitting

STYLES = {"ok": "green", "found": "yellow", "failed": "bold red"}


def show_history(image: str, runs: Sequence[Run], before: Sequence[Run], console: Console) -> None:
    """Print runs, the newest first; `before` are those and older ones, to compare with."""
    if not runs:
        console.print(Text(f"{_plain(image)}: no run is in the history yet"), highlight=False)
        return
    table = Table(title=_plain(image), title_justify="left", box=None, pad_edge=False)
    table.add_column("when (UTC)", no_wrap=True)
    table.add_column("command", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for name in ("kept", "size", "change", "confidence"):
        table.add_column(name, justify="right", no_wrap=True)
    for number, run in enumerate(runs):
        table.add_row(
            _plain(run.at[:16].replace("T", " ")),
            _plain(run.command)[:9],
            Text(_outcome(run), style=STYLES[run.outcome]),
            "" if run.kept is None or run.total is None else f"{run.kept}/{run.total}",
            "" if _bytes(run) is None else size(_bytes(run) or 0),
            change(run, before[number + 1 :]),
            "" if run.confidence is None else f"{run.confidence:.2f}",
        )
    console.print(Fitting(table), highlight=False)


def change(run: Run, earlier: Sequence[Run]) -> str:
    """Return how the size moved against the run before that measured the same, "" where none did.

    `earlier` is the newest first.
    """
    now = _bytes(run)
    kind = run.minimal_bytes is not None
    then = next(
        (
            _bytes(row)
            for row in earlier
            if (row.minimal_bytes is not None) is kind and _bytes(row) is not None
        ),
        None,
    )
    if now is None or then is None:
        return ""
    if now == then:
        return "="
    return f"{'+' if now > then else '-'}{size(abs(now - then))}"


def _bytes(run: Run) -> int | None:
    return run.minimal_bytes if run.minimal_bytes is not None else run.size_after


def _outcome(run: Run) -> str:
    return run.outcome if run.outcome == "ok" else f"{run.outcome} ({run.exit})"


def show_status(rows: Sequence[dict[str, object]], console: Console) -> None:
    """Print one line an image, and below them what to do next; rows as `pruner status --json`."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("image", overflow="ellipsis", no_wrap=True, min_width=8, ratio=1)
    stages = ("audited", "traced", "locked", "proven", "built")
    for name in stages:
        table.add_column(name, no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("budget", justify="right", no_wrap=True)
    table.add_column("conf.", justify="right", no_wrap=True)
    for row in rows:
        sure = row["confidence"]
        table.add_row(
            _plain(str(row["image"])),
            *(_stage(row[name]) for name in stages),
            _size(row["size_bytes"]),
            _size(row["budget_bytes"]),
            f"{sure:.2f}" if isinstance(sure, float) else "-",
        )
    console.print(Fitting(table), highlight=False)
    for line in _next(rows):
        console.print(Text(line), highlight=False, soft_wrap=True)


def _next(rows: Sequence[dict[str, object]]) -> Iterator[str]:
    todo = [row for row in rows if row["next"]]
    if todo:
        yield "next:"
    for row in todo:
        yield f"  {_plain(str(row['next']))}  # {_plain(str(row['why']))}"
    if rows and not todo:
        yield "nothing is to do"


def _stage(when: object) -> Text:
    if when is None:
        return Text("no", style="yellow")
    return Text(_plain(str(when)[5:10]) or "yes", style="green")


def _size(count: object) -> str:
    return size(count) if isinstance(count, int) else "-"


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
