"""What a person should look at, from what was seen and weighed."""

from collections.abc import Collection, Iterable, Iterator

from pruner.analysis.usage import phoned
from pruner.analysis.weigh import Weighed
from pruner.clock import Clock
from pruner.jobs.observe import Observation
from pruner.model import Finding
from pruner.requirements import Requirements

MOST_UNREAD = 20
"""Installed files that are named because they cannot be read: whoever has more has one cause."""


def findings(seen: Observation, weighed: Weighed, services: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings of a lock, errors and warnings before notes."""
    return (
        *_missing(weighed),
        *_unread(seen, weighed),
        *misplaced(seen.requirements),
        *_unpinnable(seen),
        *_phoned(seen, services),
        *seen.noted,
    )


def _missing(weighed: Weighed) -> Iterator[Finding]:
    for item in weighed.missing:
        yield Finding(
            code="PRN101",
            severity="warning",
            where=f"{item.site.file}:{item.site.line}",
            what=f"imports {item.module}, which nothing installed provides",
            fix="add its distribution to the requirements, or guard the import",
        )


def _unread(seen: Observation, weighed: Weighed) -> Iterator[Finding]:
    for item in seen.subject.tree.unreadable:
        yield Finding(
            code="PRN102",
            severity="warning",
            where=f"{item.path}:{item.line}",
            what=f"cannot be read, so its imports are unknown: {item.why}",
        )
    unread = weighed.unreadable
    for item in unread[:MOST_UNREAD]:
        yield Finding(
            code="PRN104",
            severity="warning",
            where=f"{item.path}:{item.line}",
            what=f"is installed and reached, and cannot be read: {item.why}",
            fix="run pruner with the image's version of Python, or keep what this file imports",
        )
    if len(unread) > MOST_UNREAD:
        yield Finding(
            code="PRN104",
            severity="warning",
            where="installed files",
            what=f"{len(unread) - MOST_UNREAD} more that are reached cannot be read",
        )


def tell(found: Iterable[Finding], clock: Clock) -> None:
    """Say findings at once, before something outside may fail because of them."""
    for item in found:
        clock.note(f"{item.code} {item.where}: {item.what}")


def misplaced(requirements: Requirements) -> Iterator[Finding]:
    """Yield what no installer takes, and pruner took for what its author meant."""
    for item in requirements.misplaced:
        options = ", ".join(f"`{option}`" for option in item.options)
        yield Finding(
            code="PRN120",
            severity="error",
            where=f"{item.file}:{item.line}",
            what=f"{options} on the line of `{item.requirement}`, where no installer takes it",
            fix=item.corrected,
        )


def _unpinnable(seen: Observation) -> Iterator[Finding]:
    for dist in seen.subject.inventory.distributions:
        if dist.local is not None and dist.own is None:
            yield Finding(
                code="PRN103",
                severity="error",
                where=dist.key,
                what=f"was installed from {dist.local}, which a lock cannot pin",
                fix="publish it, or copy its source into the image as first-party code",
            )


def _phoned(seen: Observation, services: Collection[str]) -> Iterator[Finding]:
    for host, by, agent in phoned(seen.runs, tuple(services)):
        yield Finding(
            code="PRN110",
            severity="note",
            where=agent,
            what=f"tried to reach {host}" + (f", at {by}" if by else ""),
            fix="nothing, if it is meant to; the sandbox let it through only where its network is",
        )
