"""Drift as text that fits 80 columns: what breaks first."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruner.analysis.sizes import size
from pruner.drift.values import Drift, Drifts
from pruner.model import Finding
from pruner.report.audit import STYLES
from pruner.report.text import plain


def show_drifts(drifts: Drifts, console: Console) -> None:
    """Print what was found of every image; one that has not drifted takes one line."""
    for drift in drifts.images:
        if drift.findings:
            console.print(Text(f"── {plain(drift.image)}", style="bold"), highlight=False)
            console.print(_table(drift), highlight=False)
        for line in _lines(drift):
            console.print(line, highlight=False)
    for failure in drifts.errors:
        text = Text("error", style=STYLES["error"])
        console.print(text.append(f" {plain(failure.image)}: {plain(failure.error)}"))


def _table(drift: Drift) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("code", no_wrap=True)
    table.add_column("what", overflow="fold")
    for item in drift.findings:
        table.add_row(item.code, _told(item))
    return table


def _told(item: Finding) -> Text:
    costs = "" if item.size_bytes is None else f" ({size(item.size_bytes)})"
    text = Text().append(item.severity, style=STYLES[item.severity])
    text.append(f" {plain(item.where)}{costs}\n{plain(item.what)}")
    for number, line in enumerate(item.fix.split("\n") if item.fix else ()):
        text.append(f"\n{'' if number else 'fix: '}{plain(line)}", style="dim")
    return text


def _lines(drift: Drift) -> Iterator[Text]:
    counted = Counter(item.severity for item in drift.findings)
    parts = [_count(counted[severity], severity) for severity in STYLES if counted[severity]]
    verdict = "has drifted" if not drift.clean else "no drift"
    shown = f": {', '.join(parts)}" if parts else ""
    sizes = f", {size(drift.size_bytes.after)}" if drift.size_bytes is not None else ""
    yield Text(f"{plain(drift.image)}{sizes}: {verdict}{shown}", style="bold")
    if drift.skipped:
        yield Text(f"  not run: {plain(drift.skipped)}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
