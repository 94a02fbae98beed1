"""What a person should look at, from what was seen and weighed."""

from collections.abc import Collection, Iterable, Iterator

from pruner.analysis.usage import phoned
from pruner.analysis.weigh import Weighed
from pruner.clock import Clock
from pruner.jobs.observe import Observation
from pruner.model import Finding
from pruner.requirements import Requirements

_NO_MORE = "no more than its import statements counts"
_NEWER = "run pruner with the image's version of Python"


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
            what=f"cannot be parsed, so {_NO_MORE}: {item.why}",
            fix=_NEWER,
        )
    if weighed.unreadable:  # whoever has many has one cause
        first, *others = weighed.unreadable
        more = f", as {len(others)} more that are installed and reached" if others else ""
        yield Finding(
            code="PRN104",
            severity="warning",
            where=f"{first.path}:{first.line}",
            what=f"cannot be parsed{more}, so {_NO_MORE}: {first.why}",
            fix=f"{_NEWER}, or keep what it needs",
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
