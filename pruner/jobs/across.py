"""What other images pin, from what was committed of them; and what is said of the differences."""

import os

from pruner.analysis.across import Pin, Pins, differing
from pruner.config import Config, Image
from pruner.document import Document
from pruner.errors import UsageError
from pruner.jobs.committed import read_verdicts
from pruner.jobs.observe import locks_folder, read_image_requirements
from pruner.model import Distribution, Finding, Inventory, normalise

CODES = frozenset({"PRN130", "PRN131"})
"""Findings that depend on other images."""
LONGEST_VERSION = 100
"""Characters of a version; what is longer was not written by pruner."""


def across(
    config: Config, image: Image, document: Document, inventory: Inventory
) -> tuple[Finding, ...]:
    """Return what is to be said of an image beside the other images of the configuration.

    What was committed of another one and cannot be read is a note.
    """
    others: dict[str, Pins] = {}
    notes: list[Finding] = []
    for name, other in config.images.items():
        if name == image.name:
            continue
        try:
            others[name] = _pins(config, other)
        except UsageError as error:
            notes.append(_unread(config, name, error))
    own = Pins(pins_of(document, inventory), _minor(document.python))
    return (*differing(image.name, own, others), *notes)


def pins_of(document: Document, inventory: Inventory) -> dict[str, Pin]:
    """Return what an image keeps of an index's distributions."""
    known = inventory.by_key()
    return {
        row.name: Pin(row.version, row.size_bytes)
        for row in document.distributions
        if row.kept and _of_an_index(known.get(row.name))
    }


def _of_an_index(dist: Distribution | None) -> bool:
    """Return whether a lock pins it by its version; what is new is only ever from an index."""
    return dist is None or (dist.managed and dist.local is None)


def _pins(config: Config, image: Image) -> Pins:
    """Return what an image pins: its lock, else its requirement files, as far as they are exact."""
    path = locks_folder(config, image) / "verdicts.json"
    if os.path.lexists(path):
        document = read_verdicts(path)
        rows = (
            row
            for row in document.distributions
            if row.kept and len(row.version) <= LONGEST_VERSION
        )
        return Pins(
            {normalise(row.name): Pin(row.version, row.size_bytes) for row in rows},
            _minor(document.python),
        )
    lines = read_image_requirements(config, image)
    # Which lines with a marker hold there is not known before that image was looked at.
    exact = {
        row.key: Pin(row.pin)
        for row in (*lines.constraints, *lines.requirements)
        if row.pin is not None and row.marker is None
    }
    asked = {row.key for row in lines.requirements}
    return Pins({key: pin for key, pin in exact.items() if key in asked})


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _unread(config: Config, name: str, error: UsageError) -> Finding:
    path = locks_folder(config, config.images[name]) / "verdicts.json"
    shown = path.relative_to(config.root).as_posix() if path.is_relative_to(config.root) else ""
    what = error.message.removeprefix(f"{path}: ")
    return Finding(
        code="PRN131",
        severity="note",
        where=f"images.{name}",
        what=f"is not compared with: {f'{shown}: ' if what != error.message else ''}{what}",
        fix=error.hint or f"`pruner lock --image {name}` makes its lock anew",
    )
