"""Read which lines were run, as `tracers/pruner_coverage.py` wrote it, and trust none of it.

The folder holds one file a process, `<pid>-<8 hex>.lines`, and `.part` files whose process was
killed while it wrote. The agent can write there as well: names, sizes and types are checked, and
what does not fit is an OutsideError.
"""

import os
import re
import stat
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import msgspec

from pruner.errors import SandboxError
from pruner.model import Value

FORMAT = "pruner-lines"
VERSION = 1

PERIOD = 0.2
"""Seconds between two writes of a process: PERIOD_S there."""

MAX_PROCESSES = 10_000
MAX_FILE_BYTES = 8 << 20  # two million statements; and what fits in there fits in memory
MAX_TOTAL_BYTES = 256 << 20
MAX_LINES = 2_000_000  # of all processes, each once; a file counts as a line

_NAME = re.compile(r"[1-9][0-9]{0,9}-[0-9a-f]{8}\.lines(\.part)?", re.ASCII)

_Line = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Path = Annotated[str, msgspec.Meta(max_length=4096)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Annotated[str, msgspec.Meta(max_length=100)]
    version: int
    why: Annotated[str, msgspec.Meta(max_length=400)]
    files: dict[_Path, frozenset[_Line]]


class Lines(Value, frozen=True):
    """The lines that all processes of one run have run, by path in the sandbox.

    `failures` are the reasons of the processes that could not be measured; `processes` counts those
    that were.
    """

    ran: dict[str, frozenset[int]] = {}  # noqa: RUF012
    processes: int = 0
    failures: tuple[str, ...] = ()


def read_lines(folder: Path) -> Lines:
    """Read all files of a folder. Raises OutsideError for what is not ours, or passes a bound."""
    ran: defaultdict[str, set[int]] = defaultdict(set)
    failures: set[str] = set()
    processes = held = left = 0
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            left = MAX_TOTAL_BYTES
            for name in _names(descriptor, folder):
                data = _contents(descriptor, name, min(left, MAX_FILE_BYTES))
                left -= len(data)
                file = _decoded(data, folder / name)
                if file.why:
                    failures.add("".join(char if char.isprintable() else "?" for char in file.why))
                    continue
                processes += 1
                for path, lines in file.files.items():
                    held += (path not in ran) + len(lines - ran[path])
                    ran[path] |= lines
                if held > MAX_LINES:
                    raise SandboxError(f"{folder}: more than {MAX_LINES} lines (MAX_LINES)")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SandboxError(f"cannot read the lines in {folder}: {error.strerror}") from error
    return Lines(
        ran={path: frozenset(lines) for path, lines in sorted(ran.items())},
        processes=processes,
        failures=tuple(sorted(failures)),
    )


def _names(descriptor: int, folder: Path) -> list[str]:
    """Return the names of whole files; anything that does not belong there is an error."""
    names: list[str] = []
    with os.scandir(descriptor) as entries:
        for count, entry in enumerate(entries):
            if count >= 2 * MAX_PROCESSES or len(names) >= MAX_PROCESSES:
                raise SandboxError(f"{folder}: more than {MAX_PROCESSES} processes (MAX_PROCESSES)")
            match = _NAME.fullmatch(entry.name)
            if match is None:
                raise SandboxError(f"{folder}: {entry.name!a} is no file of measured lines")
            if match[1] is None:
                names.append(entry.name)
    return sorted(names)


def _contents(descriptor: int, name: str, most: int) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=descriptor), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise SandboxError(f"{name}: not a regular file")
        data = stream.read(most + 1)
    if len(data) > most:
        raise SandboxError(f"{name}: more than {most} bytes (MAX_FILE_BYTES, MAX_TOTAL_BYTES)")
    return data


def _decoded(data: bytes, path: Path) -> _File:
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SandboxError(f"{path}: not what pruner measures: {str(error)[:200]}") from None
    if (file.format, file.version) != (FORMAT, VERSION):
        raise SandboxError(f"{path}: not {FORMAT} version {VERSION}")
    return file
