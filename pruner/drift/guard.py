"""What the guard of a running image wrote, against the lock and the code of today."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pruner.document import Document
from pruner.drift.found import drifted
from pruner.model import Finding, ImportSite, SourceTree

MOST = 50
"""Lines that are told one by one; whoever has more has few causes."""


class Miss(NamedTuple):
    """One line of the guard: `by` is "path:line" in the image, "" for `python -m`."""

    module: str
    left_out: Mapping[str, str]
    by: str
    time: str


def missed(document: Document, lines: Iterable[Miss], tree: SourceTree) -> Iterator[Finding]:
    """Yield what was looked for in production and is still left out, one finding a line of code."""
    gone = {row.name for row in document.distributions if not row.kept}
    rows = [line for line in lines if gone & line.left_out.keys()]
    counted = Counter((line.module, line.by) for line in rows)
    last = {(line.module, line.by): line for line in sorted(rows, key=lambda line: line.time)}
    places = sorted(last, key=lambda place: (-counted[place], place))
    for place in places[:MOST]:
        yield _finding(document, last[place], counted[place], tree)
    if len(places) > MOST:
        yield drifted("PRN550", "the guard", f"{len(places) - MOST} more lines of code missed one")


def _finding(document: Document, line: Miss, count: int, tree: SourceTree) -> Finding:
    path, _, number = line.by.rpartition(":")
    file = _first_party(path, tree)
    site = _site(tree, file, number, line.module)
    names = ", ".join(f"{name} {version}" for name, version in sorted(line.left_out.items()))
    times = "once" if count == 1 else f"{count} times, the last"
    what = f"in production {line.module} was missed {times} at {line.time}: {names} is left out"
    fix = f'keep = ["{min(line.left_out)}"] in images.{document.image}, or exercise it; then lock'
    where = f"{file}:{number}" if file else line.by or "python -m"
    if site is not None and site.guard.copes:
        return drifted("PRN550", where, f"{what}; the code copes", severity="note", fix=fix)
    return drifted("PRN550", where, what, fix=fix)


def _first_party(path: str, tree: SourceTree) -> str:
    """Return the file of the tree that a path in the image is: its longest tail, or ""."""
    parts = [part for part in path.split("/") if part]
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in tree.files), "")


def _site(tree: SourceTree, file: str, line: str, module: str) -> ImportSite | None:
    sites = tree.files[file].sites if file else ()
    top = module.partition(".")[0]
    return next(
        (site for site in sites if str(site.line) == line and site.module.partition(".")[0] == top),
        None,
    )
