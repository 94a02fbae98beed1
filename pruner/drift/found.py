"""Making findings of drift."""

from pruner.drift.codes import DRIFT
from pruner.model import Finding

MOST_CHARACTERS = 300
"""Of one text: what files say may be of any length."""


def drifted(
    code: str,
    where: str,
    what: str,
    *,
    fix: str = "",
    severity: str = "",
    size_bytes: int | None = None,
) -> Finding:
    """Return a finding with the severity and the fix of its code, unless others are given."""
    known = DRIFT[code]
    return Finding(
        code=code,
        severity=severity or known.severity,
        where=_short(where),
        what=_short(what),
        fix=fix or known.fix,
        size_bytes=size_bytes,
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
