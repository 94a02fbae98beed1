"""`pruner drift`: what has changed since the committed locks were made."""

from collections.abc import Callable, Sequence

import msgspec

from pruner.config import Config, Image
from pruner.document import SCHEMA, Document, Failure
from pruner.drift.guard import Miss
from pruner.drift.values import Drift, Drifts, ordered
from pruner.errors import Exit, PrunerError, outside
from pruner.jobs.drift_static import committed, static, trees_of
from pruner.lock.missed import Missed
from pruner.model import Finding
from pruner.urls import cleaned

Traced = Callable[[Image, Document, tuple[Finding, ...]], Drift]
"""Runs the agents of an image, where that is called for, and adds what this says."""


def run(
    config: Config,
    images: Sequence[Image],
    missed: Sequence[Missed] = (),
    traced: Traced | None = None,
    say: Callable[[str], object] = str,
    ended: Callable[[str, int], object] = lambda *_: None,
) -> Drifts:
    """Compare the files of today with the locks of images; with `traced`, what runs as well.

    Where that fails for an image, it is among the errors, and the next one follows. `ended` is
    told of each image for which `traced` came to no end, with its exit code, as soon as that is so.
    """
    trees = trees_of(config, say)
    told: set[tuple[str, str]] = set()
    drifts: list[Drift] = []
    failures: list[Failure] = []
    for number, image in enumerate(images, 1):
        if traced is not None:
            say(f"image {image.name} ({number} of {len(images)})")
        known = committed(config, image)
        if known.document is None:
            drifts.append(Drift(image=image.name, findings=known.flaw))
            ended(image.name, Exit.FOUND)
            continue
        found = static(config, image, known.document, trees, misses(missed, image))
        findings = tuple(item for item in found if _is_new(item, told))
        drift = drift_of(image, known.document, findings)
        try:
            if traced is not None:
                drift = traced(image, known.document, findings)
        except (PrunerError, OSError) as error:
            if isinstance(error, BrokenPipeError):  # who reads has gone: an end for all of them
                raise
            failures.append(_failed(image.name, error, say))
            ended(image.name, failures[-1].code)
        drifts.append(presentable(drift))
    return Drifts(SCHEMA, tuple(drifts), tuple(failures))


def _failed(name: str, error: PrunerError | OSError, say: Callable[[str], object]) -> Failure:
    known = outside(error) if isinstance(error, OSError) else error
    say(f"error: {name}: {known.message}")
    if known.hint:
        say(f"hint: {known.hint}")
    return Failure(image=name, code=known.code, error=known.message, hint=known.hint)


def drift_of(image: Image, document: Document, findings: tuple[Finding, ...]) -> Drift:
    """Return findings as those of an image."""
    return Drift(image=image.name, findings=ordered(findings), size_bytes=document.size_bytes)


def _is_new(item: Finding, told: set[tuple[str, str]]) -> bool:
    """Return whether a file that may be an agent was not told of another image already."""
    if item.code != "PRN504" or not item.where.endswith(".py:1"):
        return True
    place = (item.code, item.where)
    fresh = place not in told
    told.add(place)
    return fresh


def misses(missed: Sequence[Missed], image: Image) -> list[Miss]:
    """Return the lines of the guard that are an image's."""
    return [
        Miss(line.module, line.left_out, line.by or "", line.time)
        for line in missed
        if line.image == image.name
    ]


def presentable(drift: Drift) -> Drift:
    """Return what was found with no secret of a URL in it."""
    return msgspec.convert(cleaned(msgspec.to_builtins(drift)), Drift)


def encode(drifts: Drifts) -> bytes:
    """Return what was found as JSON."""
    return msgspec.json.format(msgspec.json.encode(drifts), indent=2) + b"\n"
