"""What was measured of images, as a table that fits 80 columns."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruner.analysis.sizes import size
from pruner.image.measures import BuildReport, Measure
from pruner.report.fitting import Fitting

MOST_REST = 10
"""Distributions of the rest that are listed one by one."""


def show_build(report: BuildReport, console: Console) -> None:
    """Print what was measured of an image, before and after."""
    before, after = report.original, report.minimal
    table = Table(title=report.image, title_justify="left", box=None, pad_edge=False)
    for name in ("", "original", "minimal", "less"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for what, one, other in _bytes(before, after):
        table.add_row(what, size(one), size(other), _less(one, other))
    table.add_row("layers", str(before.layers), str(after.layers), "")
    for what, first, then in _seconds(before, after):
        table.add_row(what, _took(first), _took(then), _less(first or 0, then or 0))
    console.print(Fitting(table), highlight=False)
    for agent in report.agents:
        passed = sum(item.ok for item in agent.exercises)
        line = f"{agent.name}: {agent.status}, {passed} of {len(agent.exercises)} exercises pass"
        console.print(Text(line), highlight=False)
    for line in report.proof.differences:
        console.print(Text(f"  {line}", style="bold red"), highlight=False)
    for line in _rest(report):
        console.print(Text(line), highlight=False)
    word = "proven" if report.proof.passed else "NOT PROVEN"
    console.print(Text(word, style="green" if report.proof.passed else "bold red"))


def _bytes(before: Measure, after: Measure) -> Iterator[tuple[str, int, int]]:
    yield "on disk", before.size_bytes, after.size_bytes
    yield "compressed, as a registry moves it", before.compressed_bytes, after.compressed_bytes
    yield "build context", before.context_bytes, after.context_bytes
    if before.debian_bytes is not None and after.debian_bytes is not None:
        yield "Debian packages beyond the base", before.debian_bytes, after.debian_bytes
    yield "what installers left", before.cache_bytes, after.cache_bytes
    memory = {start.agent: start.memory_bytes for start in before.starts}
    for start in after.starts:
        yield f"memory of {start.agent}", memory.get(start.agent, 0), start.memory_bytes


def _seconds(before: Measure, after: Measure) -> Iterator[tuple[str, float | None, float | None]]:
    yield "build, nothing cached", before.build_seconds, after.build_seconds
    yield "build, all cached", before.again_seconds, after.again_seconds
    ready = {start.agent: start.ready_seconds for start in before.starts}
    for start in after.starts:
        yield f"{start.agent} ready", ready.get(start.agent, 0.0), start.ready_seconds


def _took(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"


def _less(before: float, after: float) -> str:
    return f"{100 * (1 - after / before):.0f} %" if before else ""


def _rest(report: BuildReport) -> Iterator[str]:
    """Yield what stays without having been used, with its part of the image beyond the base."""
    beyond = report.minimal.size_bytes - (report.base_bytes or 0)
    total = sum(row.size_bytes for row in report.rest)
    if not report.rest:
        return
    part = 100 * total / max(1, beyond)
    yield f"stays, seen in no run: {size(total)}, {part:.1f} % of the image beyond its base"
    for row in report.rest[:MOST_REST]:
        yield f"  {row.name}: {size(row.size_bytes)}, {row.level}"
    more: Sequence[object] = report.rest[MOST_REST:]
    if more:
        yield f"  and {len(more)} more"
