"""Audits as SARIF 2.1.0, which code hosts show beside the lines.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

import msgspec

from pruner.analysis.sizes import size
from pruner.audit.ignores import place
from pruner.audit.values import Audits, Ignored
from pruner.model import Finding
from pruner.report.meanings import meaning

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"


def sarif(audits: Audits, version: str) -> bytes:
    """Return audits as one run of SARIF; `version` is pruner's own."""
    seen: Counter[str] = Counter()
    results = []
    for image in audits.images:
        results += [_result(image.image, item, seen) for item in image.findings]
        results += [_ignored(image.image, row, seen) for row in image.ignored]
    used = sorted({str(row["ruleId"]) for row in results})
    for row in results:
        row["ruleIndex"] = used.index(row["ruleId"])
    driver = {
        "name": "pruner",
        "version": version,
        "semanticVersion": version,
        "rules": [_rule(code) for code in used],
    }
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The folder of the configuration."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _rule(code: str) -> dict[str, Any]:
    known = meaning(code)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in known.name.split() if word.isalnum()),
        "shortDescription": {"text": f"{known.name[:1].upper()}{known.name[1:]}."},
        "fullDescription": {"text": known.why},
        "help": {"text": f"{known.why} To mend it: {known.fix}."},
        "defaultConfiguration": {"level": known.severity},
        "properties": {"tags": ["security"] if code == "PRN212" else ["maintainability"]},
    }


def _result(image: str, item: Finding, seen: Counter[str]) -> dict[str, Any]:
    costs = "" if item.size_bytes is None else f" ({size(item.size_bytes)})"
    fix = f"\n{item.fix}" if item.fix else ""
    properties: dict[str, Any] = {"image": image}
    if item.size_bytes is not None:
        properties["sizeBytes"] = item.size_bytes
    return {
        "ruleId": item.code,
        "level": item.severity,
        "message": {"text": f"{image}: {item.what}{costs}{fix}"},
        "locations": [_location(item.where)],
        "partialFingerprints": {"pruner/v1": _fingerprint(image, item, seen)},
        "properties": properties,
    }


def _ignored(image: str, row: Ignored, seen: Counter[str]) -> dict[str, Any]:
    kind = "inSource" if place(row.by)[1] is not None else "external"
    suppression = {"kind": kind, "justification": row.reason or row.by}
    return {**_result(image, row.finding, seen), "suppressions": [suppression]}


def _location(where: str) -> dict[str, Any]:
    file, line = place(where)
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(file, safe="/"), "uriBaseId": ROOT}
    }
    if line is not None:
        physical["region"] = {"startLine": max(line, 1)}
    return {"physicalLocation": physical}


def _fingerprint(image: str, item: Finding, seen: Counter[str]) -> str:
    """Return what stays the same when lines move: the code, the file, and what was said of it.

    Sizes change with every build, so digits are left out; what is told apart by nothing else is
    counted.
    """
    what = "".join(char for char in item.what if not char.isdigit())
    text = "\0".join((image, item.code, place(item.where)[0], what))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"
