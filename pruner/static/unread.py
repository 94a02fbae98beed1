"""Why a source text could not be read, in one line for a person."""

import sys

from pruner.model import Unreadable

_PYTHON = f"read as Python {sys.version_info.major}.{sys.version_info.minor}"


def explain(error: BaseException, source: str | bytes, path: str) -> Unreadable:
    """Return where and why the parser gave up."""
    raw = source.encode(errors="replace") if isinstance(source, str) else source
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        return Unreadable(path=path, line=line, why="null byte")
    if isinstance(error, SyntaxError):
        return Unreadable(path=path, line=error.lineno or 1, why=f"{error.msg} ({_PYTHON})")
    if isinstance(error, RecursionError | MemoryError):
        return Unreadable(path=path, line=1, why=f"nested too deeply ({_PYTHON})")
    return Unreadable(path=path, line=1, why=str(error).splitlines()[0])
