"""Reading what was committed of an image; it lies in a working tree, and is not trusted."""

import stat
from io import BytesIO
from pathlib import Path

import msgspec

from pruner.document import SCHEMA, Document
from pruner.errors import UsageError

MAX_BYTES = 64 << 20
"""Far more than the verdicts on thousands of distributions take."""


def read_verdicts(path: Path) -> Document:
    """Read a committed verdicts.json; UsageError where there is none, or not one of ours.

    Every message begins with the path.
    """
    return parse_verdicts(path, _bytes(path))


def parse_verdicts(path: Path, data: bytes) -> Document:
    """Read what a verdicts.json holds, as `read_verdicts` does."""
    document = _decoded(path, data)
    if document.schema != SCHEMA:
        raise UsageError(
            f"{path}: schema {document.schema}, and this pruner reads {SCHEMA}",
            hint="update pruner, or make the lock anew",
        )
    return document


def _bytes(path: Path) -> bytes:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        with path.open("rb") if regular else BytesIO() as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        hint = f"`pruner lock --image {path.parent.name}` makes one"
        raise UsageError(f"{path}: there is no lock yet", hint=hint) from error
    except OSError as error:
        what = f"{path}: cannot be read: {error.strerror}"
        raise UsageError(what, hint="see who may read it") from error
    if not regular or len(data) > MAX_BYTES:
        why = "not a regular file" if not regular else f"larger than {MAX_BYTES} bytes"
        raise UsageError(f"{path}: not a document of pruner's: {why}", hint=_again(path))
    return data


def _decoded(path: Path, data: bytes) -> Document:
    try:
        return msgspec.json.decode(data, type=Document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        what = f"{path}: not a document of pruner's: {error}"
        raise UsageError(what, hint=_again(path)) from error


def _again(path: Path) -> str:
    return (
        f"take it from version control, or make it anew: `pruner lock --image {path.parent.name}`"
    )
