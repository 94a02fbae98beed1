"""Which system packages agents were seen to use, and which nothing ever did."""

from collections.abc import Iterator

from pruner.audit.found import found
from pruner.audit.packages import staying
from pruner.audit.values import Facts
from pruner.model import Finding


def used_packages(facts: Facts) -> frozenset[str]:
    """Return the packages of which a file was used, or that a command of the image names."""
    document = facts.document
    used: set[str] = set()
    if document is not None:
        used |= {row.name for row in document.packages if row.seen}
        used |= {
            program.package
            for agent in document.agents
            for program in agent.programs
            if program.package
        }
    if facts.source is not None:
        read = facts.source.dockerfile
        text = " ".join((*read.argv, *read.healthcheck))
        used |= {word.strip("\"'();|&").rpartition("/")[2] for word in text.split()}
    return frozenset(used)


def unseen(facts: Facts, building: frozenset[str]) -> Iterator[Finding]:
    """Yield the packages that a line names and of which no trace used anything.

    Those that are only for building have findings of their own. What is known of the packages that
    one brought is known from the image alone, so only where it was built.
    """
    source, document = facts.source, facts.document
    if source is None or document is None:
        return
    known = {row.name: row for row in document.packages}
    used = used_packages(facts)
    for package in staying(source):
        row = known.get(package.name)
        if row is None or row.base or row.silent or package.name in used | building:
            continue
        if used & _brought(facts, package.name):
            continue
        yield found(
            "PRN217",
            source.where(package.line),
            f"{package.name} {row.version}: no agent opened, mapped or ran a file of it",
            fix=f"leave {package.name} out, and see whether `pruner lock --image {facts.image}`"
            " still proves it",
            size_bytes=row.size_bytes,
        )


def _brought(facts: Facts, name: str) -> frozenset[str]:
    """Return the packages that one needs, directly or not, where the image says so."""
    graph = facts.built.packages if facts.built else {}
    seen: set[str] = set()
    todo = [name]
    while todo:
        at = graph.get(todo.pop())
        todo += [other for other in (at.needs if at else ()) if other not in seen]
        seen.update(at.needs if at else ())
    return frozenset(row for row in seen if row in graph and not graph[row].base)
