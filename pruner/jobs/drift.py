"""`pruner drift`: what has changed since the committed locks were made."""

from collections.abc import Sequence

import msgspec

from pruner.config import Config, Image
from pruner.drift.guard import Miss
from pruner.drift.values import Drift, Drifts, ordered
from pruner.jobs.drift_static import Trees, committed, static, trees_of
from pruner.lock.missed import Missed
from pruner.model import SCHEMA, Document, Finding
from pruner.urls import cleaned


def run(config: Config, images: Sequence[Image], missed: Sequence[Missed] = ()) -> Drifts:
    """Compare the files of today with the locks of images; nothing is run."""
    trees = trees_of(config)
    told: set[tuple[str, str]] = set()
    return Drifts(SCHEMA, tuple(_static(config, image, trees, missed, told) for image in images))


def _static(
    config: Config,
    image: Image,
    trees: Trees,
    missed: Sequence[Missed],
    told: set[tuple[str, str]],
) -> Drift:
    known = committed(config, image)
    if known.document is None:
        return Drift(image=image.name, findings=known.flaw)
    found = [*static(config, image, known.document, trees, misses(missed, image))]
    findings = tuple(item for item in found if _is_new(item, told))
    return presentable(drift_of(image, known.document, findings))


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
