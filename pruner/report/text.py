"""A document as text: a table that fits 80 columns, what was left out first."""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pruner.analysis.across import moved
from pruner.analysis.sizes import size
from pruner.document import Document, GpuReport, ProgramReport, RunReport, Timing
from pruner.model import Verdict
from pruner.report.fitting import Fitting

COLOURS = {
    "observed": "green",
    "required": "green",
    "linked": "cyan",
    "reachable": "cyan",
    "guarded": "yellow",
    "declared": "yellow",
    "unused": "red",
}
"""A colour a level; the level's word stands beside it, so colour is never the only sign."""

WIDEST = 120


def show(document: Document, console: Console, *, everything: bool) -> None:
    """Print a document. Kept distributions are listed only where `everything` is asked for."""
    console.print(Group(*_parts(document, everything=everything)), highlight=False)


def _parts(document: Document, *, everything: bool) -> Iterable[RenderableType]:
    dropped = [row for row in document.distributions if not row.kept]
    kept = [row for row in document.distributions if row.kept]
    if kept and (everything or not dropped):
        yield Fitting(_table("kept", kept))
    if dropped:
        yield Fitting(_table("left out", dropped))
    yield from _agents(document)
    yield from _conflicts(document)
    yield from _findings(document)
    yield from _summary(document, len(kept), len(dropped))


def _table(title: str, rows: list[Verdict]) -> Table:
    table = Table(title=f"{title} ({len(rows)})", title_justify="left", box=None, pad_edge=False)
    table.add_column("distribution", no_wrap=True, max_width=30)
    table.add_column("version", no_wrap=True, max_width=12)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("why", overflow="fold")
    for row in sorted(rows, key=lambda row: (-row.size_bytes, row.name)):
        level = Text(row.level, style=COLOURS.get(row.level, ""))
        table.add_row(row.name, row.version, size(row.size_bytes), level, plain(row.why))
    return table


def _agents(document: Document) -> Iterable[RenderableType]:
    for agent in document.agents:
        line = f"{agent.name}: {agent.status}, ready in {agent.seconds:.1f} s"
        yield Text(f"\n{line}, {agent.modules} modules loaded")
        for item in agent.exercises:
            yield Text(f"  {item.name}: {item.outcome}")
        yield from (Text(f"  {plain(_program(item))}") for item in agent.programs)
        for number, run in enumerate(agent.runs if len(agent.runs) > 1 else (), 1):
            yield Text(f"  {plain(_run(number, len(agent.runs), run))}")


def _program(item: ProgramReport) -> str:
    if not item.what.startswith("/"):
        return f"tried to start {item.what}, which PATH does not lead to"
    owner = f" (Debian package {item.package})" if item.package else ""
    return f"started {item.what}{owner}"


def _run(number: int, count: int, run: RunReport) -> str:
    """Return "run 2 of 3, 2026-11-24 10:02: 2 distributions more (pytz, six), 214 modules, …"."""
    names = run.added_distributions
    more = " more" if number > 1 else ""
    noun = "distribution" if len(names) == 1 else "distributions"
    listed = f" ({', '.join(names)})" if names and number > 1 else ""
    counted = f"{len(names) or 'no'} {noun}{more}{listed}"
    new = f", {run.added_modules or 'none'} of them new" if number > 1 else ""
    when = run.when[:16].replace("T", " ")
    return f"run {number} of {count}, {when}: {counted}, {run.modules} modules{new}"


def _conflicts(document: Document) -> Iterable[RenderableType]:
    """Yield those that a person should look at, what is not settled first; notes are counted."""
    shown = [item for item in document.conflicts if not item.note]
    for item in sorted(shown, key=lambda item: item.settled):
        names = ", ".join(item.distributions)
        style = "yellow" if item.settled else "bold red"
        yield Text.assemble((f"conflict {item.kind}", style), f" {names}: {plain(item.why)}")
        if item.settled and item.drop:
            yield Text(f"  keeps {item.use or item.keep}, leaves out {', '.join(item.drop)}")
        for word, choice in zip(chain(["either"], repeat("or")), item.choices, strict=False):
            yield Text(f"  {word} {plain(choice.what)}:")
            yield from (Text(f"    {plain(line)}") for line in choice.config.splitlines())
    noted = sorted(
        {name for item in document.conflicts if item.note for name in item.distributions}
    )
    if noted:
        verb = "has" if len(noted) == 1 else "have"
        yield Text(f"{', '.join(noted)} {verb} libraries that cannot load here; no run used them")


def _findings(document: Document) -> Iterable[RenderableType]:
    for item in document.findings:
        style = {"error": "red", "warning": "yellow"}.get(item.severity, "")
        told = f" {item.where}: {plain(item.what)}"
        yield Text.assemble((f"{item.severity} {item.code}", style), told)
        fix = item.fix.split("\n") if item.severity == "error" and item.fix else []
        for start, line in zip(["  fix: ", *["       "] * len(fix)], fix, strict=False):
            yield Text(f"{start}{plain(line)}")
    codes = {item.code for item in document.findings}
    if "PRN130" in codes and "PRN132" not in codes:
        yield Text("  to share versions among images: pruner lock --all --align")


def _aligned(document: Document) -> Iterable[RenderableType]:
    for row in document.aligned:
        yield Text(f"  {row.name} {plain(row.version)}: {plain(moved(row))}")


def _summary(document: Document, kept: int, dropped: int) -> Iterable[RenderableType]:
    sizes = document.size_bytes
    yield Text()
    if document.lock is None and any(not item.settled for item in document.conflicts):
        yield Text("no lock: a conflict is not settled; see its choices above", style="bold red")
        return
    if sizes is not None and dropped:
        saved = 100 * (sizes.before - sizes.after) / sizes.before if sizes.before else 0.0
        yield Text(
            f"{document.image}: {kept + dropped} distributions, {size(sizes.before)} -> {kept},"
            f" {size(sizes.after)} ({abs(saved):.0f} % {'more' if saved < 0 else 'less'})",
            style="bold",
        )
    proof = document.proof
    if proof is not None:
        verdict = "proven" if proof.passed else "NOT PROVEN"
        style = "green" if proof.passed else "bold red"
        rounds = "1 round" if proof.rounds == 1 else f"{proof.rounds} rounds"
        yield Text(f"{verdict} in {rounds}, {document.runtime} sandbox", style=style)
        yield from (Text(f"  put back: {item.name}: {item.why}") for item in proof.restored)
        yield from (Text(f"  {plain(line)}", style="red") for line in proof.differences)
    yield from _aligned(document)
    if document.gpu is not None:
        yield Text(_gpu(document.gpu))
    sure = document.confidence
    if sure is not None:
        because = f": {plain('; '.join(sure.because))}"
        yield Text.assemble((f"confidence {sure.score:.2f}", "bold"), because)
    if document.lock is not None and sizes is not None:
        yield Text(f"wrote {document.lock.requirements}")
        yield Text(f"      {document.lock.pylock}")
        folder = document.lock.pylock.rpartition("/")[0]
        yield from (Text(f"      {folder}/{name}") for name in ("verdicts.json", "pruner_guard.py"))


def _gpu(gpu: GpuReport) -> str:
    """Return "GPU: none was there; torch.cuda.is_available(): False, …"; once where both agree."""
    there = gpu.device or "one was there"
    said = [
        f"{item.what}: {item.before}"
        + (f", then {item.after}" if item.after not in {"", item.before} else "")
        for item in gpu.checks
        if item.before or item.after
    ]
    return plain("; ".join([f"GPU: {there if gpu.there else 'none was there'}", *said]))


def times(timings: Sequence[Timing], *, steps: bool) -> str:
    """Return where the time went, on one line; with `steps` in which of them as well."""
    total = sum(item.seconds for item in timings) or 1.0
    own = sum(item.seconds for item in timings if not item.sandbox)
    spent: dict[str, float] = {}
    for item in timings:
        spent[item.step] = spent.get(item.step, 0.0) + item.seconds
    listed = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in spent.items())
    share = f"pruner's own share {100 * own / total:.0f} % of {total:.1f} s"
    return f"time: {listed}; {share}" if steps else f"time: {share}"


def plain(text: str) -> str:
    """Return text without what a terminal would not print."""
    return "".join(char if char.isprintable() else "?" for char in text)
