"""The formats of a report: what each is called, and which function writes it.

A format is imported when it is asked for, so that `--help` answers at once.
"""

import importlib
from collections.abc import Iterable

from pruner.model import Value
from pruner.report.subject import Subject, without_secrets


class Format(Value, frozen=True):
    """A format; `function` is "module:name" and takes subjects, which have one image each."""

    about: str
    media: str
    suffix: str
    function: str


FORMATS = {
    "cyclonedx": Format(
        "what the locks have, as a bill of materials (CycloneDX 1.6)",
        "application/vnd.cyclonedx+json; version=1.6",
        ".cdx.json",
        "pruner.report.cyclonedx:cyclonedx",
    ),
    "json": Format(
        "everything, by docs/schema/report.json",
        "application/json",
        ".json",
        "pruner.report.everything:everything",
    ),
    "junit": Format("the proofs, as tests", "application/xml", ".xml", "pruner.report.junit:junit"),
    "markdown": Format(
        "a comment for a pull request",
        "text/markdown; charset=utf-8",
        ".md",
        "pruner.report.pull_request:pull_request",
    ),
    "prometheus": Format(
        "metrics, for the textfile collector of node_exporter",
        "text/plain; version=0.0.4; charset=utf-8",
        ".prom",
        "pruner.report.prometheus:prometheus",
    ),
    "sarif": Format(
        "the findings (SARIF 2.1.0)",
        "application/sarif+json",
        ".sarif",
        "pruner.report.found:sarif_of",
    ),
}
"""By the name that `--format` takes."""


def render(name: str, subjects: Iterable[Subject]) -> bytes:
    """Return a report in a format; the same subjects give the same bytes.

    Raises KeyError for a format that there is not. Credentials in URLs are hidden.
    """
    module, _, function = FORMATS[name].function.partition(":")
    written = getattr(importlib.import_module(module), function)(without_secrets(subjects))
    return bytes(written)
