"""JSON Schemas of what pruner prints and writes as JSON, made from the structs themselves.

docs/schema/ has them as files; `make schema` writes them anew, and a test holds them against this.
"""

import inspect
from typing import Any

import msgspec

from pruner.audit.values import Audits
from pruner.document import SCHEMA, Document, Documents
from pruner.image.measures import BuildReport
from pruner.model import Level, Policy
from pruner.report.subject import SEVERITIES, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMAS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "verdicts": (Document, "verdicts.json, and what lock, trace and verify print with --json"),
    "images": (Documents, "what `pruner lock --all --json` prints"),
    "build": (BuildReport, "build.json, and what `pruner build --json` prints"),
    "audit": (Audits, "what `pruner audit --json` prints"),
    "report": (Report, "what `pruner report --format json` prints"),
}
"""By the name of the file: the type, and what is of it."""

_WORDS: dict[tuple[str, str], list[str]] = {
    ("Verdict", "verdict"): ["keep", "drop"],
    ("Verdict", "level"): [level.word for level in Level],
    ("Finding", "severity"): list(SEVERITIES),
    ("Document", "policy"): [policy.value for policy in Policy],
}
"""Fields that are plain text in the structs, and may have these words alone."""


def schema(name: str) -> bytes:
    """Return the schema of that name as JSON."""
    made, about = SCHEMAS[name]
    (top,), parts = msgspec.json.schema_components([made], ref_template="#/$defs/{name}")
    for (part, field), words in _WORDS.items():
        if part in parts:
            parts[part]["properties"][field]["enum"] = words
    for part in parts.values():
        if "description" in part:  # msgspec before 0.23 gives it with its indentation
            part["description"] = inspect.cleandoc(part["description"])
        if "schema" in part.get("properties", {}):
            part["properties"]["schema"]["const"] = SCHEMA
    whole: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:pruner:schema:{name}:{SCHEMA}",
        "title": f"pruner: {about}",
        **top,
        "$defs": dict(sorted(parts.items())),
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
