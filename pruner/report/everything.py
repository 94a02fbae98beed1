"""A report as JSON: everything that is known, by docs/schema/report.json."""

from collections.abc import Sequence

import msgspec

from pruner import __version__
from pruner.document import SCHEMA
from pruner.report.subject import Report, Subject


def everything(subjects: Sequence[Subject]) -> bytes:
    """Return a report as JSON for people and for diffs."""
    report = Report(schema=SCHEMA, version=__version__, images=tuple(subjects))
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
