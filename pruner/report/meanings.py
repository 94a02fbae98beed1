"""What every code of a finding is about, for formats that list the rules."""

from pruner.codes import CODES, FIX, LOCK, Code
from pruner.drift.codes import DRIFT


def meaning(code: str) -> Code:
    """Return what a code is about; of one that is not known, no more than its name."""
    known = CODES.get(code) or DRIFT.get(code) or LOCK.get(code)
    if known is not None:
        return known
    return Code(name=code, severity="warning", why="The finding itself says why.", fix=FIX)
