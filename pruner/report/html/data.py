"""What the page shows, as plain JSON: a report, and for every distribution what `explain` says."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from pruner.analysis.explain import explain
from pruner.document import Document, Sizes
from pruner.model import Proof, Verdict
from pruner.report.html.values import ImageReport, Report

MOST_PROOFS = 8
MOST_CHARACTERS = 300
"""Of each text that stems from elsewhere; what is cut off is marked."""
NATIVE = ("extension", "library", "linked", "needed", "soname")
"""Kinds of proof that are about native code."""


def shown(report: Report) -> dict[str, Any]:
    """Return a report as the page's script reads it: bounded texts, no value of our own."""
    data = {
        "made": report.made,
        "pruner": report.pruner,
        "images": [_image(item) for item in report.images],
    }
    bounded: dict[str, Any] = _bounded(msgspec.to_builtins(data))
    return bounded


def _image(item: ImageReport) -> dict[str, Any]:
    document = item.document
    found: dict[str, Any] = {
        "name": item.image,
        "missing": item.missing,
        "hint": item.hint,
        "audit": item.audit,
        "unaudited": item.unaudited,
        "build": _build(item),
        "unbuilt": item.unbuilt,
        "trend": item.trend,
        "night": item.night,
        "locked": document is not None,
    }
    return found | (_document(document) if document is not None else {})


def _document(document: Document) -> dict[str, Any]:
    rows = document.distributions
    # Not the sum, where it is known: files that two distributions have are there once.
    sizes = document.size_bytes or Sizes(
        sum(row.size_bytes for row in rows), sum(row.size_bytes for row in rows if row.kept)
    )
    return {
        "policy": document.policy,
        "runtime": document.runtime,
        "python": document.python,
        "before": sizes.before,
        "after": sizes.after,
        "agents": [
            {"name": agent.name, "status": agent.status, "exercises": len(agent.exercises)}
            for agent in document.agents
        ],
        "proof": document.proof,
        "confidence": document.confidence,
        "conflicts": document.conflicts,
        "findings": document.findings,
        "distributions": [_distribution(document, row) for row in document.distributions],
        "natives": [*_natives(document.distributions)],
        "packages": [package for package in document.packages if package.seen or package.linked],
    }


def _distribution(document: Document, row: Verdict) -> dict[str, Any]:
    found = explain(document, row.name)
    shown = msgspec.structs.replace(row, proof=row.proof[:MOST_PROOFS])
    return {
        **msgspec.structs.asdict(shown),
        "more": max(0, len(row.proof) - MOST_PROOFS),
        "declared_by": found.wanted_by if found else (),
        "pulls_in": [item.name for item in found.pulls_in] if found else (),
        "only_for_it": found.only_for_it if found else (),
        "with_it": found.with_it if found else 0,
        "without_it": found.without_it if found else 0,
        "lacking": found.missing if found else (),
    }


def _natives(rows: Iterable[Verdict]) -> Iterable[dict[str, Any]]:
    """Yield the distributions whose native code speaks for them, with the kinds and one each."""
    for row in rows:
        proofs = [proof for proof in row.proof if proof.kind in NATIVE]
        if proofs:
            yield {
                "name": row.name,
                "level": row.level,
                "size_bytes": row.size_bytes,
                "kinds": dict(Counter(proof.kind for proof in proofs)),
                "examples": [*dict.fromkeys(map(_example, proofs))][:3],
            }


def _example(proof: Proof) -> str:
    return f"{proof.what}, by {proof.by}" if proof.by else proof.what


def _build(item: ImageReport) -> dict[str, Any] | None:
    build = item.build
    if build is None:
        return None
    return {
        "base_bytes": build.base_bytes,
        "passed": build.proof.passed,
        "original": build.original,
        "minimal": build.minimal,
    }


def _bounded(value: Any) -> Any:  # noqa: ANN401  whatever JSON can hold
    if isinstance(value, str):
        return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 1] + "…"
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    return value
