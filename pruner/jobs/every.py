"""`pruner lock --all`: every image of the configuration, each with its own result."""

from collections.abc import Callable, Mapping

import msgspec

from pruner.clock import Clock
from pruner.document import SCHEMA, Document, Documents, Failure
from pruner.errors import PrunerError, outside
from pruner.jobs.across import CODES, across
from pruner.jobs.align import Opened, align
from pruner.jobs.keeping import revise
from pruner.jobs.lock import Job, Locked, locked
from pruner.jobs.writing import encode


def run(
    orders: Mapping[str, Callable[[], Job]],
    opened: Callable[[str], Opened],
    clock: Clock,
    *,
    once: bool = False,
    aligned: bool = False,
    ended: Callable[[Document | Failure], object] = str,
) -> Documents:
    """Lock one image after the other, each in a sandbox of its own.

    An image that fails ends alone: it is told at once, and is among the errors. With `aligned`
    pins that differ are settled once all have been locked. `ended` is told of each image when it
    is done, before what is compared across images is known.
    """
    done: dict[str, Locked] = {}
    failures: list[Failure] = []
    for number, (name, order) in enumerate(orders.items(), 1):
        clock.note(f"image {name} ({number} of {len(orders)})")
        try:
            job = order()
            with opened("") as sandbox:
                done[name] = locked(job, sandbox, clock, once=once)
            ended(done[name].document)
            clock.note(f"{name}: {_outcome(done[name])}")
        except (PrunerError, OSError) as error:
            if isinstance(error, BrokenPipeError):  # who reads has gone: an end for all of them
                raise
            failures.append(_failed(name, error, clock))
            ended(failures[-1])
    if aligned:
        done = align(done, opened, clock)
    documents: list[Document] = []
    for name, one in done.items():
        try:
            documents.append(_current(one))
        except PrunerError as error:
            failures.append(_failed(name, error, clock))
    return Documents(schema=SCHEMA, images=tuple(documents), errors=tuple(failures))


def _outcome(one: Locked) -> str:
    if one.document.proof is None:
        return "no lock, a conflict is not settled"
    return "proven" if one.proven else "NOT PROVEN"


def encode_all(documents: Documents) -> bytes:
    """Return the documents as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(documents), indent=2) + b"\n"


def _failed(name: str, error: PrunerError | OSError, clock: Clock) -> Failure:
    known = outside(error) if isinstance(error, OSError) else error
    clock.note(f"error: {name}: {known.message}")
    if known.hint:
        clock.note(f"hint: {known.hint}")
    return Failure(image=name, code=known.code, error=known.message, hint=known.hint)


def _current(one: Locked) -> Document:
    """Return a document whose findings know what became of the images after it, written too."""
    job, document = one.watched.job, one.document
    if document.lock is None:
        return document
    inventory = one.watched.case.seen.subject.inventory
    shared = across(job.config, job.image, document, inventory)
    kept = tuple(row for row in document.findings if row.code not in CODES)
    current = msgspec.structs.replace(document, findings=(*kept, *shared))
    if one.proven:
        revise(job.config, job.image, encode(current))
    return current
