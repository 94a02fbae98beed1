"""Why a distribution is kept or left out, and what that costs: read from a document alone."""

from pruner.analysis.attribution import closure
from pruner.model import Document, Value, Verdict


class Explanation(Value, frozen=True, kw_only=True):
    """What there is to say about one distribution. Sizes are bytes as RECORD lists them."""

    verdict: Verdict
    wanted_by: tuple[str, ...]  # kept distributions that declare it
    pulls_in: tuple[Verdict, ...]  # what it declares, all the way down
    with_it: int  # the kept distributions' size with it and all it pulls in
    without_it: int  # and without it and what nothing else that is kept declares


def explain(document: Document, key: str) -> Explanation | None:
    """Return the explanation, or None where nothing of that name was installed."""
    rows = {row.name: row for row in document.distributions}
    if key not in rows:
        return None
    graph = {row.name: row.needs for row in rows.values()}
    below = [name for name in closure(graph, [key]) if name != key]
    kept = {row.name for row in rows.values() if row.kept}
    with_it = kept | {key, *below}
    without_it = _without(key, graph, rows, kept)
    return Explanation(
        verdict=rows[key],
        wanted_by=tuple(sorted(name for name in kept if key in graph[name])),
        pulls_in=tuple(rows[name] for name in sorted(below) if name in rows),
        with_it=sum(rows[name].size_bytes for name in with_it if name in rows),
        without_it=sum(rows[name].size_bytes for name in without_it),
    )


def _without(
    key: str, graph: dict[str, tuple[str, ...]], rows: dict[str, Verdict], kept: set[str]
) -> set[str]:
    """Return what would stay: the rest that has evidence of its own, and what that declares."""
    roots = {name for name in kept - {key} if rows[name].level not in {"declared", "unused"}}
    cut = {name: tuple(need for need in needs if need != key) for name, needs in graph.items()}
    return {name for name in closure(cut, sorted(roots)) if name in kept}
