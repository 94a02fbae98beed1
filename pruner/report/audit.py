"""Audits as text: a table for each image that fits 80 columns, what costs most first."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruner.analysis.sizes import size
from pruner.audit.values import Audits, ImageAudit
from pruner.model import Finding
from pruner.report.text import plain

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
"""A colour a severity; its word stands beside it."""


def show_audits(audits: Audits, console: Console) -> None:
    """Print what was found of every image."""
    for number, image in enumerate(audits.images):
        if number:
            console.print()
        base = f" on {plain(image.base)}" if image.base else ""
        console.print(Text(f"── {plain(image.image)}{base}", style="bold"), highlight=False)
        if image.findings:
            console.print(_table(image), highlight=False)
        for line in _lines(image):
            console.print(line, highlight=False)


def _table(image: ImageAudit) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("costs", justify="right", no_wrap=True)
    table.add_column("code", no_wrap=True)
    table.add_column("where, what, and how to mend it", overflow="fold")
    for item in image.findings:
        costs = "" if item.size_bytes is None else size(item.size_bytes)
        table.add_row(costs, item.code, _told(item))
    return table


def _told(item: Finding) -> Text:
    text = Text().append(item.severity, style=STYLES[item.severity])
    text.append(f" {plain(item.where)}\n{plain(item.what)}")
    for number, line in enumerate(item.fix.split("\n") if item.fix else ()):
        text.append(f"\n{'' if number else 'fix: '}{plain(line)}", style="dim")
    return text


def _lines(image: ImageAudit) -> Iterator[Text]:
    counted = Counter(item.severity for item in image.findings)
    parts = [_count(counted[severity], severity) for severity in STYLES]
    if image.ignored:
        parts.append(f"{len(image.ignored)} ignored")
    yield Text(f"{plain(image.image)}: {', '.join(parts)}", style="bold")
    sizes = image.size_bytes
    if sizes.image is not None:
        yield Text(f"  image {size(sizes.image)}")
    if sizes.context is not None and sizes.context_after is not None:
        less = sizes.context_after < sizes.context
        after = f", {size(sizes.context_after)} with these lines in .dockerignore" if less else ""
        yield Text(f"  a build sends {size(sizes.context)}{after}")


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
