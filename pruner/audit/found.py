"""Making findings."""

from pruner.codes import CODES
from pruner.model import Finding

SHOWN = 6
"""Names that are listed before the rest is counted."""


def found(
    code: str, where: str, what: str, *, fix: str = "", size_bytes: int | None = None
) -> Finding:
    """Return a finding with the severity and, unless another is given, the fix of its code."""
    known = CODES[code]
    return Finding(
        code=code,
        severity=known.severity,
        where=where,
        what=what,
        fix=fix or known.fix,
        size_bytes=size_bytes,
    )


def listed(names: list[str]) -> str:
    """Return names with commas, the first few where there are many."""
    rest = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN] if rest > 0 else names)
    return f"{shown} and {rest} more" if rest > 0 else shown
