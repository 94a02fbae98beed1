"""Which system packages agents were seen to use, and which nothing ever did."""

from collections.abc import Iterator

from pruner.audit.costs import closure, cost, known
from pruner.audit.found import found
from pruner.audit.packages import staying
from pruner.audit.values import Facts
from pruner.model import Finding


def used_packages(facts: Facts) -> frozenset[str]:
    """Return the packages of which a file was used, or that a command of the image names."""
    document = facts.document
    used: set[str] = set()
    if document is not None:
        used |= {row.name for row in document.packages if row.seen or row.linked}
        programs = (program for agent in document.agents for program in agent.programs)
        used |= {program.package for program in programs if program.package}
    if facts.source is not None:
        read = facts.source.dockerfile
        text = " ".join((*read.argv, *read.healthcheck))
        used |= {word.strip("\"'();|&").rpartition("/")[2] for word in text.split()}
    return frozenset(used)


def unseen(facts: Facts, building: frozenset[str]) -> Iterator[Finding]:
    """Yield the packages that a line names of which, and of what they brought, nothing was used.

    Those that are only for building have findings of their own.
    """
    source, document = facts.source, facts.document
    if source is None or document is None:
        return
    rows = {row.name: row for row in document.packages}
    used, graph = used_packages(facts), known(facts)
    for package in staying(source):
        row = rows.get(package.name)
        if row is None or row.base or row.silent or package.name in building:
            continue
        brought = closure(graph, [package.name])
        if used & {name for name in brought if name in graph and not graph[name].base}:
            continue
        yield found(
            "PRN217",
            source.where(package.line),
            f"{package.name} {row.version}: no agent opened, mapped or ran a file of it",
            fix=f"leave {package.name} out, and see whether `pruner lock --image {facts.image}`"
            " still proves it",
            size_bytes=cost(facts, [package.name]),
        )
