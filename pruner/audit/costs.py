"""What system packages cost and bring, as far as the image or the committed verdicts say it."""

from collections.abc import Collection, Iterable, Mapping

from pruner.audit.packages import staying
from pruner.audit.values import Debian, Facts


def cost(facts: Facts, names: Collection[str]) -> int | None:
    """Return the bytes of packages and of what only they need; None where nothing says it."""
    graph = known(facts)
    if not set(names) & set(graph):
        return None
    others = [row.name for row in staying(facts.source)] if facts.source else []
    kept = closure(graph, [name for name in others if name not in names])
    gone = closure(graph, names) - kept
    return sum(graph[name].size_bytes for name in gone if not graph[name].base)


def known(facts: Facts) -> Mapping[str, Debian]:
    """Return the packages of the built image, else those that the committed verdicts list."""
    if facts.built is not None and facts.built.packages:
        return facts.built.packages
    rows = facts.document.packages if facts.document is not None else ()
    return {
        row.name: Debian(size_bytes=row.size_bytes, needs=row.needs, base=row.base) for row in rows
    }


def closure(graph: Mapping[str, Debian], names: Iterable[str]) -> set[str]:
    """Return packages and all that they need, directly or not."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen and name in graph:
            seen.add(name)
            todo += graph[name].needs
    return seen
