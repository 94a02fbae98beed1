"""Several documents as text: one after the other, then a table of all that fits 80 columns."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pruner.analysis.sizes import size
from pruner.document import Document, Documents, Failure
from pruner.report.fitting import Fitting
from pruner.report.text import show

NONE = "-"


def show_images(documents: Documents, console: Console, *, everything: bool) -> None:
    """Print the report of every image, and what became of each in one table."""
    for document in documents.images:
        console.print(Text(f"── {document.image}", style="bold"), highlight=False)
        show(document, console, everything=everything)
        console.print()
    console.print(Fitting(_table(documents)), highlight=False)


def _table(documents: Documents) -> Table:
    title = f"images ({len(documents.images) + len(documents.errors)})"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("image", no_wrap=True, max_width=24)
    table.add_column("distributions", no_wrap=True)
    table.add_column("size", no_wrap=True)
    table.add_column("lock", no_wrap=True)
    table.add_column("open", no_wrap=True, justify="right")
    for document in documents.images:
        table.add_row(document.image, *_row(document))
    for failure in documents.errors:
        table.add_row(failure.image, NONE, NONE, _failed(failure), NONE)
    return table


def _row(document: Document) -> Iterator[str | Text]:
    """Yield distributions and bytes before and after, how the proof went, and open conflicts."""
    sizes, proof = document.size_bytes, document.proof
    kept = sum(row.kept for row in document.distributions)
    open_ = sum(not row.settled for row in document.conflicts)
    installed = sum(1 for row in document.distributions if row.name not in _new(document))
    yield f"{installed} -> {kept}" if proof else f"{installed}"
    before, after = (size(sizes.before), size(sizes.after)) if sizes else (NONE, NONE)
    yield f"{before} -> {after}" if proof else before
    if proof is None:
        yield Text("none", style="bold red")
    else:
        passed = proof.passed
        yield Text("proven" if passed else "NOT PROVEN", style="green" if passed else "bold red")
    yield Text(f"{open_}", style="bold red" if open_ else "")


def _new(document: Document) -> set[str]:
    """Return what only came with what was aligned."""
    return {row.name for row in document.aligned if not row.before}


def _failed(failure: Failure) -> Text:
    return Text(f"exit {failure.code}", style="bold red")
