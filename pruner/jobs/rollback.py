"""`pruner rollback`: go back to an accepted lock, proven again before anything is replaced."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import NamedTuple

import msgspec

from pruner.clock import Clock
from pruner.config import Config, Image
from pruner.document import SCHEMA, Document
from pruner.errors import OutsideError, PrunerError, UsageError
from pruner.files import alone, plain_json
from pruner.jobs.accepted import Accepted, Shelf, read_kept, read_shelf, store
from pruner.jobs.committed import parse_verdicts
from pruner.jobs.keeping import put, recorded, tidy
from pruner.jobs.lock import Job
from pruner.jobs.observe import locks_folder
from pruner.jobs.verify import Written, check
from pruner.jobs.written import REQUIREMENTS, VERDICTS, Contents, Summary, read_set, summary
from pruner.lock.header import CONSTRAINTS
from pruner.model import Value
from pruner.sandbox.base import Sandbox
from pruner.sandbox.tags import CURRENT, Tagged, make_current, repository

Opened = Callable[[], AbstractContextManager[Sandbox]]


class Moved(Value, frozen=True):
    """One pin of the two locks; "" is the version where it is not pinned."""

    name: str
    before: str
    after: str


class Side(Value, frozen=True):
    """One of the two sets."""

    id: str  # "" where what lies in locks/ was not kept yet
    pins: int
    size_bytes: int | None  # of what is kept; None where verdicts.json does not say


class Changes(Value, frozen=True):
    """What going back changes, beside the pins: names of files in `locks/<image>/`."""

    pins: tuple[Moved, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]


class RolledBack(Value, frozen=True):
    """What became of it; `document` is that of the proof, where there was one."""

    schema: int
    image: str
    before: Side
    after: Side
    changes: Changes
    done: bool  # whether locks/ is as `after` says
    document: Document | None = None
    tag: Tagged = Tagged(state="none")


class Kept(NamedTuple):
    """The sets of an image, and which of them lies in locks/."""

    shelf: Shelf
    there: Contents
    now: Accepted | None


class _Plan(NamedTuple):
    kept: Kept
    target: Accepted
    contents: Contents


def kept(config: Config, image: Image) -> Kept:
    """Return what was kept of an image; UsageError where there is nothing, and no lock either."""
    shelf = read_shelf(store(config, image))
    there = read_set(locks_folder(config, image))
    if not shelf.rows and not shelf.damaged and not there:
        raise UsageError(
            f"{locks_folder(config, image) / VERDICTS}: there is no lock yet",
            hint=f"`pruner lock --image {image.name}` makes one",
        )
    return Kept(shelf, there, shelf.current(there))


def run(job: Job, to: str | None, opened: Opened, clock: Clock, *, dry: bool) -> RolledBack:
    """Go back to a set, `to` or the one before; with `dry` only say what would change.

    The store is held from the proof to the end, so that no other pruner comes in between.
    """
    planned = _planned(job, to, clock)
    if dry or not _differs(planned):
        return _told(job, planned, done=not _differs(planned))
    folder, wanted = store(job.config, job.image), planned.target.id
    with alone(folder, lambda: clock.note(f"waiting for another pruner on {job.image.name}")):
        tidy(folder)
        planned = _planned(job, wanted, None)
        if not _differs(planned):  # another pruner was as quick
            return _told(job, planned, done=True)
        clock.note(f"{job.image.name}: back to {wanted}, where it is proven")
        written = _written(job, planned)
        with opened() as sandbox:
            document = check(job, written, sandbox, clock)
        if document.proof is None or not document.proof.passed:
            return _told(job, planned, done=False, document=document)
        locks = locks_folder(job.config, job.image)
        there = read_set(locks)  # anew: a person may have changed it while agents ran
        recorded(folder, planned.kept.shelf, there, job.image.name, exactly=True)
        put(locks, planned.contents, there)
        tag = _tag(job, planned.target)
        return _told(job, planned, done=True, document=document, tag=tag)


def _planned(job: Job, to: str | None, clock: Clock | None) -> _Plan:
    found = kept(job.config, job.image)
    if clock is not None:
        for line in found.shelf.damaged.values():
            clock.note(f"warning: {line}; passed over")
    name = job.image.name
    target = found.shelf.before(found.now, found.there) if to is None else found.shelf.find(to)
    if target is None:
        raise UsageError(
            f"{name} has no earlier lock to go back to",
            hint=f"`pruner rollback {name} --list` shows what was kept; --to goes to any of it",
        )
    if not target.proof.passed:
        raise UsageError(
            f"{target.id} was never proven: {target.proof.flaw}",
            hint=f"`pruner rollback {name} --list` shows what was",
        )
    return _Plan(found, target, read_kept(store(job.config, job.image), target))


def _differs(planned: _Plan) -> bool:
    return dict(planned.contents) != dict(planned.kept.there)


def _written(job: Job, planned: _Plan) -> Written:
    folder, contents = store(job.config, job.image) / planned.target.id, planned.contents
    for name in (REQUIREMENTS, VERDICTS):
        if name not in contents:
            hint = f"`pruner rollback {job.image.name} --list` names the others"
            raise UsageError(f"{planned.target.id} has no {name}", hint=hint)
    return Written(
        document=parse_verdicts(folder / VERDICTS, contents[VERDICTS]),
        file=folder / REQUIREMENTS,
        requirements=contents[REQUIREMENTS].decode("utf-8", "replace"),
        constraints=contents.get(CONSTRAINTS, b"").decode("utf-8", "replace"),
    )


def _tag(job: Job, target: Accepted) -> Tagged:
    try:
        return make_current(job.image.name, target.id)
    except PrunerError as error:
        name = repository(job.image.name)
        raise OutsideError(
            f"the lock is {target.id} again, but not the tag {name}:{CURRENT}: {error.message}",
            hint=f"`docker tag {name}:{target.id} {name}:{CURRENT}`",
        ) from error


def _told(
    job: Job,
    planned: _Plan,
    *,
    done: bool,
    document: Document | None = None,
    tag: Tagged | None = None,
) -> RolledBack:
    there, new = planned.kept.there, planned.contents
    before, after = summary(there, job.image.name), summary(new, job.image.name)
    now = planned.kept.now
    return RolledBack(
        schema=SCHEMA,
        image=job.image.name,
        before=_side(now.id if now else "", before),
        after=_side(planned.target.id, after),
        changes=Changes(
            pins=_moved(before.pins, after.pins),
            written=tuple(sorted(name for name in new if new[name] != there.get(name))),
            removed=tuple(sorted(set(there) - set(new))),
        ),
        done=done,
        document=document,
        tag=tag or Tagged(state="none"),
    )


def _side(name: str, known_of: Summary) -> Side:
    return Side(id=name, pins=len(known_of.pins), size_bytes=known_of.size_bytes)


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Moved, ...]:
    return tuple(
        Moved(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def encode(value: RolledBack | Kept) -> bytes:
    """Return what `--json` prints."""
    shown: object = value
    if isinstance(value, Kept):
        shown = {
            "schema": SCHEMA,
            "current": value.now.id if value.now else None,
            "accepted": value.shelf.rows,
            "damaged": [*value.shelf.damaged.values()],
        }
    return msgspec.json.format(plain_json(shown), indent=2) + b"\n"
