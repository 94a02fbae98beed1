"""`pruner status`: where every image stands, read from what is there; nothing is run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from pruner.config import Config, Image
from pruner.document import SCHEMA, Document
from pruner.errors import PrunerError, UsageError
from pruner.files import regular
from pruner.history import History, Run
from pruner.image.measures import BuildReport
from pruner.jobs.accepted import Accepted
from pruner.jobs.build import REPORT
from pruner.jobs.committed import MAX_BYTES, read_verdicts
from pruner.jobs.digests import changed
from pruner.jobs.observe import locks_folder, private_folder
from pruner.jobs.rollback import kept
from pruner.jobs.written import VERDICTS
from pruner.model import Value


class Standing(Value, frozen=True):
    """Where one image stands. Times are UTC; None is never, "" is at an unknown time."""

    image: str
    audited: str | None
    findings: int | None  # of that audit
    traced: str | None
    locked: str | None
    lock: str | None  # id of the accepted lock in locks/
    proven: str | None
    built: str | None  # of that lock
    size_bytes: int | None  # of the minimal image, else of what the lock keeps
    measured: str  # "image", "distributions", "" where no size is known
    budget_bytes: int | None
    confidence: float | None
    changed: tuple[str, ...]  # what the lock rests on and is not as it was
    next: str  # the command, "" where there is nothing to do
    why: str


class Statuses(Value, frozen=True):
    """What `pruner status --json` prints."""

    schema: int
    images: tuple[Standing, ...]


class _Seen(Value, frozen=True):
    """What is there of one image."""

    document: Document | None
    flaw: str  # why there is no document, though there is a file
    now: Accepted | None
    build: BuildReport | None
    runs: tuple[Run, ...]


def run(config: Config, history: History) -> Statuses:
    """Look at every image."""
    images = [config.image(name) for name in config.images]
    rows = tuple(_standing(config, image, history.runs(image.name)) for image in images)
    return Statuses(schema=SCHEMA, images=rows)


def _standing(config: Config, image: Image, runs: Sequence[Run]) -> Standing:
    seen = _seen(config, image, tuple(runs))
    document, lock = seen.document, seen.now.id if seen.now else None
    audit = _last(runs, "audit")
    built = _last(runs, "build", lock=lock)
    made = _last(runs, "lock", "align", "drift", lock=lock)
    # Of the nights, only one that wrote a lock has its id.
    proving = ("lock", "verify", "rollback", *(("drift",) if lock else ()))
    proven = _last(runs, *proving, lock=lock)
    size, measured = _size(seen, built)
    old = changed(config, image, made.inputs) if made is not None and lock else ()
    passed = document is not None and document.proof is not None and document.proof.passed
    row = Standing(
        image=image.name,
        audited=audit.at if audit else None,
        findings=sum(audit.findings.values()) if audit else None,
        traced=_when(_last(runs, "trace", "lock"), there=document is not None),
        locked=f"{seen.now.when:%Y-%m-%dT%H:%M:%SZ}"
        if seen.now
        else _when(None, there=document is not None),
        lock=lock,
        proven=_when(proven, there=passed),
        built=_when(built, there=seen.build is not None and not _last(runs, "build")),
        size_bytes=size,
        measured=measured,
        budget_bytes=image.budget,
        confidence=document.confidence.score if document and document.confidence else None,
        changed=old,
        next="",
        why="",
    )
    command, why = next(_steps(config, image, seen, row), ("", ""))
    return msgspec.structs.replace(row, next=command, why=why)


def _seen(config: Config, image: Image, runs: tuple[Run, ...]) -> _Seen:
    path = locks_folder(config, image) / VERDICTS
    document, flaw = None, ""
    try:
        document = read_verdicts(path)
    except UsageError as error:
        flaw = error.message.removeprefix(f"{path}: ") if path.exists() else ""
    try:
        now = kept(config, image).now
    except (PrunerError, OSError):
        now = None
    return _Seen(
        document=document,
        flaw=flaw,
        now=now,
        build=_build(private_folder(config, image) / REPORT),
        runs=runs,
    )


def _build(path: Path) -> BuildReport | None:
    try:
        return msgspec.json.decode(regular(path, MAX_BYTES), type=BuildReport)
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError):
        return None


def _last(runs: Sequence[Run], *commands: str, lock: str | None = None) -> Run | None:
    """Return the newest run of these commands that did not fail; with `lock` only of that lock."""
    return next(
        (
            run
            for run in runs
            if run.command in commands
            and run.outcome != "failed"
            and (lock is None or run.lock == lock)
        ),
        None,
    )


def _when(run: Run | None, *, there: bool) -> str | None:
    if run is not None:
        return run.at
    return "" if there else None


def _size(seen: _Seen, built: Run | None) -> tuple[int | None, str]:
    if built is not None and built.minimal_bytes is not None:
        return built.minimal_bytes, "image"
    if seen.build is not None and not _last(seen.runs, "build"):
        return seen.build.minimal.size_bytes, "image"
    if seen.document is not None and seen.document.size_bytes is not None:
        return seen.document.size_bytes.after, "distributions"
    return None, ""


def _steps(config: Config, image: Image, seen: _Seen, row: Standing) -> Iterator[tuple[str, str]]:
    """Yield what there is to do, the most urgent first."""
    name = image.name
    lock = f"pruner lock --image {name}"
    if seen.document is None:
        yield lock, f"{VERDICTS}: {seen.flaw}" if seen.flaw else "there is no lock yet"
        return
    if row.changed:
        yield lock, f"changed since the lock: {', '.join(row.changed)}"
    if row.proven is None:
        yield lock, "the lock is not proven"
    last = next((run for run in seen.runs if run.command in {"lock", "verify"}), None)
    if last is not None and last.outcome != "ok":
        again = f"pruner verify {name}" if last.outcome == "failed" else lock
        yield again, f"the last `pruner {last.command}` ended with {last.exit}"
    if row.budget_bytes is not None and row.size_bytes is not None:
        over = row.size_bytes - row.budget_bytes
        if over > 0:
            yield f"pruner audit {name}", "over its budget"
    if image.dockerfile is not None:
        if not (locks_folder(config, image) / "Dockerfile").is_file():
            yield f"pruner image {name}", "the lock has no Dockerfile yet"
        elif row.built is None:
            yield f"pruner build {name}", "no image was built of this lock"
