"""Lines that ask for metadata and cope where there is none: they look what they could work with."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pruner.analysis.installed import Sites, sources
from pruner.analysis.reachability import SitesOf
from pruner.analysis.spelling import Spelling
from pruner.model import Ask, Inventory, SourceTree


def coping_lines(
    lines: Iterable[str],
    inventory: Inventory,
    tree: SourceTree,
    spelling: Spelling,
    sites_of: SitesOf,
) -> frozenset[str]:
    """Return those of some lines, "path:line" as traces have them, that cope.

    A line counts where its text asks for metadata, and every time under an `except` for what is
    raised where there is none.
    """
    by_file: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        by_file[line.rpartition(":")[0]].add(line)
    known = sources(inventory)
    there = [known[path] for path in sorted(by_file) if path in known]
    read = sites_of(there) if there else {}
    asks: dict[str, Iterable[Ask]] = {}
    for path in by_file:
        own = spelling.own(path)
        if path in read:
            found = read[path]
            asks[path] = found.asks if isinstance(found, Sites) else ()
        elif own is not None:
            asks[path] = tree.files[own].asks if own in tree.files else ()
    return frozenset(line for path, rows in by_file.items() for line in rows & _coping(path, asks))


def _coping(path: str, asks: Mapping[str, Iterable[Ask]]) -> set[str]:
    guards: dict[str, list[bool]] = defaultdict(list)
    for ask in asks.get(path, ()):
        if ask.kind == "metadata":
            guards[f"{path}:{ask.line}"].append(ask.guard.copes)
    return {line for line, copes in guards.items() if all(copes)}
