"""What can go wrong, and the exit code that says so.

Commands raise; `pruner.cli.main` alone catches, prints `error:` and `hint:` to stderr, and exits
with the code of the error. Anything else that escapes is a bug of pruner's.
"""

import errno
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (docs/design.md)."""

    OK = 0
    FOUND = 1
    USAGE = 2
    OUTSIDE = 3
    AGENT = 4


INTERRUPTED = 130
BUG = 70
"""Exit codes of what is no error of pruner's own: Ctrl-C, and a bug."""


class PrunerError(Exception):
    """An expected failure: one line for a person, and a hint on how to go on."""

    code = Exit.OUTSIDE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PrunerError):
    """The call or the configuration is wrong (exit 2)."""

    code = Exit.USAGE


class OutsideError(PrunerError):
    """Something outside pruner is wrong: no engine, no index, no space (exit 3)."""

    code = Exit.OUTSIDE


class SandboxError(OutsideError):
    """What came out of a sandbox cannot be used (exit 3)."""

    def __init__(self, message: str) -> None:
        hint = "what runs in there wrote over it, or pruner is wrong: try the other --runtime"
        super().__init__(message, hint=hint)


class AgentError(PrunerError):
    """An agent failed in its original, unpruned environment (exit 4)."""

    code = Exit.AGENT


SPACE_HINT = (
    "free some space (`pruner gc --cache`), or set PRUNER_CACHE to a folder on a larger disk"
)


def outside(error: OSError) -> OutsideError:
    """Return what the system said as an error for a person."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return OutsideError(f"no space left on the disk{where}", hint=SPACE_HINT)
    ours = "see who may read and write there" if where else None
    return OutsideError(f"{error.strerror or error}{where}", hint=ours)
