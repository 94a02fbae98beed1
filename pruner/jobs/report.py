"""`pruner report`: gather what is known of every image; nothing is run, and nothing is built."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pruner import __version__
from pruner.config import Config, Image
from pruner.document import Document
from pruner.errors import PrunerError, UsageError
from pruner.files import regular
from pruner.history import History, Run
from pruner.image.measures import BuildReport
from pruner.jobs import audit
from pruner.jobs.build import REPORT
from pruner.jobs.committed import MAX_BYTES, read_verdicts
from pruner.jobs.drift_memory import told
from pruner.jobs.observe import locks_folder, private_folder
from pruner.jobs.previous import Previous
from pruner.report.html.values import ImageReport, Night, Point, Report
from pruner.report.pinned import read_pins
from pruner.report.subject import Pinned, Subject

NIGHTS = 120
"""Earlier runs in the trend, at most."""


def gather(config: Config, images: Sequence[Image]) -> Report:
    """Return all that is known; what cannot be read of an image is said in its place."""
    return Report(
        images=tuple(_image(config, image) for image in images),
        made=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        pruner=__version__,
    )


def subjects(
    config: Config, report: Report, before: Previous = lambda _: None
) -> tuple[Subject, ...]:
    """Return the images that have a lock, as the other formats take them, with the locks before.

    Raises UsageError where a pylock.toml is none, or the lock before cannot be read.
    """
    return tuple(
        Subject(
            image=item.image,
            document=item.document,
            findings=item.audit,
            previous=before(config.image(item.image)),
            pins=_pins(config, config.image(item.image)),
            build=item.build,
            budget_bytes=config.image(item.image).budget,
            proven_at=_proven(item.trend),
        )
        for item in report.images
        if item.document is not None
    )


def _pins(config: Config, image: Image) -> tuple[Pinned, ...]:
    path = locks_folder(config, image) / "pylock.toml"
    try:
        text = regular(path, MAX_BYTES).decode()
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        hint = f"`pruner lock --image {image.name}` writes it again"
        raise UsageError(f"{path}: cannot be read: {error}", hint=hint) from error
    return read_pins(str(path), text)


def _proven(trend: Sequence[Point]) -> str | None:
    """Return when the last run ended that proved the lock."""
    return next((run.at for run in reversed(trend) if _proves(run)), None)


def _proves(run: Point) -> bool:
    return run.command in {"lock", "verify", "rollback"} and run.outcome == "ok"


def _image(config: Config, image: Image) -> ImageReport:
    document, missing, hint = _document(config, image)
    build, unbuilt = _build(private_folder(config, image) / REPORT)
    try:
        found, unaudited = audit.audit(config, image).findings, ""
    except PrunerError as error:
        found, unaudited = (), error.message
    return ImageReport(
        image=image.name,
        document=document,
        missing=missing,
        hint=hint,
        audit=found,
        unaudited=unaudited,
        build=build,
        unbuilt=unbuilt,
        trend=_trend(config.root, image.name),
        night=_night(config, image),
    )


def _document(config: Config, image: Image) -> tuple[Document | None, str, str]:
    path = locks_folder(config, image) / "verdicts.json"
    try:
        return read_verdicts(path), "", ""
    except UsageError as error:
        return None, error.message.removeprefix(f"{path}: "), error.hint or ""


def _build(path: Path) -> tuple[BuildReport | None, str]:
    try:
        return msgspec.json.decode(regular(path, MAX_BYTES), type=BuildReport), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, RecursionError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else str(error)
        return None, f"{REPORT} cannot be read: {why}"


def _night(config: Config, image: Image) -> Night | None:
    last = told(config, image)
    if last is None:
        return None
    drift = last.drift
    updated = bool(drift.commit)
    return Night(at=last.when, findings=drift.findings, skipped=drift.skipped, updated=updated)


def _trend(root: Path, image: str) -> tuple[Point, ...]:
    """Return the earlier runs, the oldest first; none where there is no history."""
    if not (root / ".pruner" / "history.db").exists():
        return ()
    with History.opened(root) as opened:
        runs = opened.runs(image, limit=NIGHTS)
    return tuple(_point(run) for run in reversed(runs))


def _point(run: Run) -> Point:
    return Point(**{name: getattr(run, name) for name in Point.__struct_fields__})
