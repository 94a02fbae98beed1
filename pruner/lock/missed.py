"""Read what the guard of a shipped image wrote, `pruner-missed` version 1; and trust none of it.

The file comes from wherever the image runs, and everyone there can write to it: it is bounded,
and a line that is not the guard's is an error that names it. Only the last line may be cut off.
"""

import stat
from io import BytesIO
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from pruner.errors import OutsideError, UsageError
from pruner.model import Value

MAX_BYTES = 4 << 20  # the guard stops at 1 MiB, each of its processes for itself

# What the guard itself never writes: controls, line separators, what turns the direction of text.
_PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
_Text = Annotated[str, msgspec.Meta(max_length=5_000, pattern=_PLAIN)]


class Missed(Value, frozen=True, forbid_unknown_fields=True):
    """One line of the file: something that was left out, and that was looked for."""

    format: Literal["pruner-missed"]
    version: Literal[1]
    time: _Text  # UTC, as 2026-11-24T08:09:24Z
    image: _Text
    kind: Literal["import", "metadata"]
    module: _Text  # a distribution's name where its metadata was asked for
    left_out: dict[_Text, _Text]  # distribution -> version; several where they share a namespace
    by: _Text | None  # "path:line"
    pid: int


def read_missed(path: Path) -> tuple[Missed, ...]:
    """Read a file of the guard.

    Raises UsageError where there is none, OutsideError where it is not the guard's or too large.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        with path.open("rb") if regular else BytesIO() as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: there is no such file", hint="the guard writes it when something is missed"
        ) from error
    except OSError as error:
        what = f"cannot read {path}: {error.strerror}"
        raise OutsideError(what, hint="see who may read it") from error
    if not regular or len(data) > MAX_BYTES:
        why = f"larger than {MAX_BYTES} bytes" if regular else "not a regular file"
        raise OutsideError(f"{path}: {why}", hint="the guard of an image writes no such thing")
    lines = data.split(b"\n")[:-1]  # what is behind the last one's end was cut off
    return tuple(_line(f"{path}:{number}", line) for number, line in enumerate(lines, 1))


def _line(where: str, line: bytes) -> Missed:
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OutsideError(
            f"{where}: not a line of the guard's: {error}",
            hint="something else has written there; remove that line",
        ) from error


_DECODER = msgspec.json.Decoder(Missed)
