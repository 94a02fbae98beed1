"""What the history remembers of a run: its figures, taken from what the run returned."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from pruner.audit.values import ImageAudit
from pruner.config import Config, Image
from pruner.document import Document
from pruner.drift.values import Drift
from pruner.errors import PrunerError
from pruner.history import Run
from pruner.image.measures import BuildReport
from pruner.jobs.rollback import RolledBack, kept
from pruner.model import Finding, Level, Value

MOST_NEEDED = 5000


class Figures(Value, frozen=True):
    """What is known of a run beside how it ended; the names are those of Run."""

    runtime: str = ""
    policy: str = ""
    size_before: int | None = None
    size_after: int | None = None
    image_bytes: int | None = None
    minimal_bytes: int | None = None
    confidence: float | None = None
    levels: dict[str, int] = {}  # noqa: RUF012
    findings: dict[str, int] = {}  # noqa: RUF012
    needed: tuple[str, ...] = ()
    kept: int | None = None
    total: int | None = None
    locked: bool = False  # whether it made, proved or built the lock that lies in locks/


def of_document(document: Document, *, runtime: str | None = None) -> Figures:
    """Return the figures of a lock, a trace, a proof: those parts that the document has."""
    rows, sizes = document.distributions, document.size_bytes
    observed = [row for row in rows if row.level == Level.OBSERVED.word]
    whole = document.proof is not None and bool(rows)  # a trace lists what was observed alone
    return Figures(
        runtime=document.runtime if runtime is None else runtime,
        policy=document.policy,
        size_before=sizes.before if sizes else None,
        size_after=sizes.after if sizes and whole else None,
        confidence=document.confidence.score if document.confidence else None,
        levels=dict(Counter(row.level for row in rows)),
        findings=_counted(document.findings),
        needed=tuple(f"{row.name}=={row.version}" for row in observed)[:MOST_NEEDED],
        kept=sum(row.kept for row in rows) if whole else None,
        total=len(rows) if whole else None,
        locked=document.proof is not None and document.proof.passed,
    )


def of_build(report: BuildReport) -> Figures:
    """Return the figures of two images that were built."""
    return Figures(
        runtime="docker",
        image_bytes=report.original.size_bytes,
        minimal_bytes=report.minimal.size_bytes,
        locked=report.proof.passed,
    )


def of_drift(drift: Drift, today: Document | None, needed: Iterable[str]) -> Figures:
    """Return the figures of a night: of the runs of today, else of the lock that stays as it is.

    `needed` is what the runs used, of the last night that had any where these were skipped.
    """
    sizes = drift.size_bytes
    known = (
        of_document(today)
        if today is not None
        else Figures(
            size_before=sizes.before if sizes else None, size_after=sizes.after if sizes else None
        )
    )
    return msgspec.structs.replace(
        known,
        findings=_counted(drift.findings),
        needed=tuple(needed)[:MOST_NEEDED],
        locked=bool(drift.commit),
    )


def of_audit(audit: ImageAudit) -> Figures:
    """Return the figures of an audit; the image's bytes where it was built."""
    return Figures(image_bytes=audit.size_bytes.image, findings=_counted(audit.findings))


def of_rollback(done: RolledBack) -> Figures:
    """Return the figures of a lock that was put back, or was to be."""
    proof = of_document(done.document) if done.document else Figures()
    size = done.after.size_bytes if done.done else done.before.size_bytes
    return msgspec.structs.replace(proof, size_after=size, locked=done.done)


def lock_id(config: Config, image: Image) -> str | None:
    """Return the id of the accepted lock that lies in locks/, None where it was not accepted."""
    try:
        now = kept(config, image).now
    except (PrunerError, OSError):
        return None
    return now.id if now else None


def outcome(code: int) -> str:
    """Return how a run ended, in a word."""
    return {0: "ok", 1: "found"}.get(code, "failed")


def run_of(figures: Figures, **ended: object) -> Run:
    """Return the run that has these figures; `ended` are the other fields of Run."""
    known = msgspec.structs.asdict(figures)
    known.pop("locked")
    return msgspec.convert(known | ended, Run)


def _counted(findings: Iterable[Finding]) -> dict[str, int]:
    return dict(Counter(item.code for item in findings))
