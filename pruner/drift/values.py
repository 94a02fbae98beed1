"""What `pruner drift` has to say of images."""

from pruner.audit.values import Audits, ImageAudit
from pruner.document import Failure, Sizes
from pruner.errors import Exit
from pruner.model import Finding, Value


class Drift(Value, frozen=True, kw_only=True):
    """What has changed of one image since its lock was made."""

    image: str
    findings: tuple[Finding, ...]
    traced: bool = False  # its agents were run
    skipped: str = ""  # why they were not
    size_bytes: Sizes | None = None  # of the lock that is committed
    commit: str = ""  # the message for the lock that was written

    @property
    def clean(self) -> bool:
        """Whether nothing but notes was found."""
        return all(item.severity == "note" for item in self.findings)


class Drifts(Value, frozen=True):
    """What `pruner drift --json` prints."""

    schema: int
    images: tuple[Drift, ...]
    errors: tuple[Failure, ...] = ()


_ORDER = {"error": 0, "warning": 1, "note": 2}


def ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings without those that are there twice, what breaks first."""
    rows = dict.fromkeys(findings)
    return tuple(sorted(rows, key=lambda row: (_ORDER[row.severity], row.code)))


def code_of(drifts: Drifts) -> int:
    """Return the worst code of what failed, else 1 where any image has drifted, else 0."""
    if drifts.errors:
        return max(failure.code for failure in drifts.errors)
    return Exit.OK if all(drift.clean for drift in drifts.images) else Exit.FOUND


def as_audits(drifts: Drifts) -> Audits:
    """Return the findings as those of an audit, for the reports that take these."""
    return Audits(
        schema=drifts.schema,
        images=tuple(
            ImageAudit(image=drift.image, dockerfile=None, base=None, findings=drift.findings)
            for drift in drifts.images
        ),
    )
