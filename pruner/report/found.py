"""The findings of documents as SARIF, which code hosts show beside the lines."""

from collections.abc import Sequence

import msgspec

from pruner import __version__
from pruner.audit.ignores import place
from pruner.audit.values import Audits, ImageAudit
from pruner.document import SCHEMA
from pruner.model import Finding
from pruner.report.sarif import sarif
from pruner.report.subject import Subject

CONFIG = "pruner.toml"
NAMES = frozenset(
    {"PRN103", "PRN110", "PRN111", "PRN121", "PRN122", "PRN123", "PRN130", "PRN131", "PRN132"}
)
"""Codes whose place is the name of a distribution, an agent or an image."""


def sarif_of(subjects: Sequence[Subject]) -> bytes:
    """Return the findings of every image as one run."""
    images = tuple(
        ImageAudit(
            image=subject.image,
            dockerfile=None,
            base=None,
            findings=tuple(_placed(item, subject) for item in subject.found),
        )
        for subject in subjects
    )
    return sarif(Audits(schema=SCHEMA, images=images), __version__)


def _placed(item: Finding, subject: Subject) -> Finding:
    """Return a finding at a file of the project; what is none is told, at the lock."""
    file, line = place(item.where)
    inside = file and not file.startswith(("/", "installed files"))
    if inside and (line is not None or item.code not in NAMES):
        return item
    lock = subject.document.lock
    return msgspec.structs.replace(
        item, where=lock.requirements if lock else CONFIG, what=f"{item.where}: {item.what}"
    )
