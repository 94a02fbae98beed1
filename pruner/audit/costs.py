"""What system packages cost, as far as the image or the committed verdicts say it."""

from collections.abc import Collection, Iterable, Mapping

from pruner.audit.packages import staying
from pruner.audit.values import Debian, Facts


def cost(facts: Facts, names: Collection[str]) -> int | None:
    """Return the bytes of packages and of what only they need; None where nothing says it.

    Without an image only the packages themselves are known: what they need is more.
    """
    if facts.built is not None and facts.built.packages:
        graph = facts.built.packages
        others = [row.name for row in staying(facts.source)] if facts.source else []
        kept = _closure(graph, [name for name in others if name not in names])
        gone = _closure(graph, names) - kept
        return sum(graph[name].size_bytes for name in gone if not graph[name].base)
    if facts.document is not None:
        known = {row.name: row.size_bytes for row in facts.document.packages if not row.base}
        sizes = [known[name] for name in names if name in known]
        return sum(sizes) if sizes else None
    return None


def _closure(graph: Mapping[str, Debian], names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen and name in graph:
            seen.add(name)
            todo += graph[name].needs
    return seen
