"""What a report is made of, as frozen values; bytes and UTC throughout."""

from pruner.document import SCHEMA, Document
from pruner.image.measures import BuildReport
from pruner.model import Finding, Value


class Point(Value, frozen=True):
    """One earlier run of an image; None where that run did not measure it."""

    at: str  # UTC, ISO 8601
    command: str
    outcome: str  # "ok" | "found" | "failed"
    size_before: int | None = None  # of the distributions
    size_after: int | None = None
    image_bytes: int | None = None  # of the built images
    minimal_bytes: int | None = None
    confidence: float | None = None


class Night(Value, frozen=True, kw_only=True):
    """What the last night of `pruner drift` said of an image."""

    at: str  # UTC, ISO 8601: when it began
    findings: tuple[Finding, ...]
    skipped: str = ""  # why its agents were not run, where they were not
    updated: bool = False  # it wrote a new lock


class ImageReport(Value, frozen=True, kw_only=True):
    """All that is known of one image; without a lock `document` is None, and `missing` says why."""

    image: str
    document: Document | None = None
    missing: str = ""
    hint: str = ""
    audit: tuple[Finding, ...] = ()
    unaudited: str = ""  # why there is no audit
    build: BuildReport | None = None
    unbuilt: str = ""  # why there are no measures of built images, where there should be some
    trend: tuple[Point, ...] = ()  # the oldest first
    night: Night | None = None  # None where there was none


class Report(Value, frozen=True, kw_only=True):
    """The report on a project: what `--format json` prints."""

    images: tuple[ImageReport, ...]
    made: str  # UTC, ISO 8601
    pruner: str  # the version
    schema: int = SCHEMA
