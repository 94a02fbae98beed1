"""Verdicts: what stays, what goes, and why, by policy."""

from collections.abc import Iterable, Mapping

import msgspec

from pruner.analysis.attribution import closure
from pruner.model import Distribution, Inventory, Level, Proof, Value, Verdict

KEEP, DROP = "keep", "drop"
USES = {"data": "its data was read", "metadata": "its metadata was read", "script": "was run"}


class Findings(Value, frozen=True):
    """Everything that speaks for distributions (by key), strongest first."""

    observed: dict[str, tuple[Proof, ...]]
    required: dict[str, tuple[Proof, ...]]
    guarded: dict[str, tuple[Proof, ...]]
    wanted: dict[str, str] = {}  # noqa: RUF012  kept by configuration or put back: key -> why


def decide_safe(inventory: Inventory, findings: Findings) -> tuple[Verdict, ...]:
    """Decide by policy `safe`: keep what anything speaks for, and all that it declares.

    The result is closed under the metadata's requirements, so `uv pip check` passes on it.
    """
    known = inventory.by_key()
    roots = [key for key in known if _level(key, findings) > Level.UNUSED or key in findings.wanted]
    needed = closure(inventory.requires, sorted(roots))
    return tuple(
        msgspec.structs.replace(
            _verdict(dist, findings, needed), needs=inventory.requires.get(dist.key, ())
        )
        for dist in inventory.distributions
    )


def _level(key: str, findings: Findings) -> Level:
    if key in findings.observed:
        return Level.OBSERVED
    if key in findings.required:
        return Level.REQUIRED
    if key in findings.guarded:
        return Level.GUARDED
    return Level.UNUSED


def _verdict(dist: Distribution, findings: Findings, needed: Mapping[str, str | None]) -> Verdict:
    key = dist.key
    level = _level(key, findings)
    proofs = _proofs(key, level, findings)
    asked = needed.get(key)
    if level is Level.UNUSED and asked is not None:
        level = Level.DECLARED
        proofs = (Proof(kind="requires", what=key, by=asked),)
    keep = key in needed or not dist.managed
    if key in findings.wanted:
        proofs = (Proof(kind="keep", what=findings.wanted[key]), *proofs)
    return Verdict(
        name=key,
        version=dist.version,
        verdict=KEEP if keep else DROP,
        level=level.word,
        size_bytes=dist.size_bytes,
        why=_why(dist, level, proofs, findings),
        proof=proofs,
    )


def _proofs(key: str, level: Level, findings: Findings) -> tuple[Proof, ...]:
    by_level = {
        Level.OBSERVED: findings.observed,
        Level.REQUIRED: findings.required,
        Level.GUARDED: findings.guarded,
    }
    return by_level.get(level, {}).get(key, ())


def _why(dist: Distribution, level: Level, proofs: tuple[Proof, ...], findings: Findings) -> str:
    if dist.key in findings.wanted:
        return findings.wanted[dist.key]
    if level is Level.OBSERVED:
        first = proofs[0]
        how = USES.get(first.kind, "loaded")
        return f"{how}: {first.what}" + (f", by {first.by}" if first.by else "")
    if level is Level.REQUIRED:
        return f"imported by {proofs[0].by}, not loaded in this run"
    if level is Level.GUARDED:
        return f"imported by {proofs[0].by}, which copes with its absence"
    if level is Level.DECLARED:
        return f"{proofs[0].by} declares it"
    if not dist.managed:
        return "belongs to the system, not to the image's requirements"
    return "nothing needs it"


def sizes(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Return (bytes before, bytes after)."""
    rows = list(verdicts)
    before = sum(row.size_bytes for row in rows)
    return before, sum(row.size_bytes for row in rows if row.kept)
