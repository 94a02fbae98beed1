"""The lines of one requirement file, as pip's own parser reads them.

What it finds hangs on nothing but the text. It takes a tenth of a second to import and five
milliseconds for a short file, so with a cache each text is parsed once on a machine.
"""

import json
import locale
from pathlib import Path
from typing import Any

import msgspec

from pruner.kept import Cache, digest
from pruner.requirements.mistakes import MISPLACED, one_line

KIND = "requirement lines"
VERSION = 1
"""Raised whenever what is kept of a file changes, or another parser reads it."""


class Named(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A line that names a distribution of an index."""

    number: int  # 1-based; the first of a continued line
    name: str
    specifier: str
    extras: tuple[str, ...]
    marker: str | None
    hashes: tuple[str, ...]


class Linked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A line that names an archive, a tree or a repository."""

    number: int
    text: str
    name: str | None
    url: str | None
    editable: bool


class Option(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A line of options, by the names that pip has for them inside."""

    number: int
    values: dict[str, Any]


class Bad(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A line that pip would not take, and what it says."""

    number: int
    text: str
    error: str

    @property
    def is_misplaced(self) -> bool:
        """Whether all that is wrong with it is an option on a requirement's line."""
        return self.error.startswith(MISPLACED)


Line = Named | Linked | Option | Bad
_Lines = tuple[Line, ...]


def lines(path: Path, cache: Cache | None = None) -> _Lines:
    """Return the lines of a file by their numbers; comments are left out.

    Raises OSError, ValueError or LookupError where it cannot be read or decoded.
    """
    content = path.read_bytes()  # the parser has errors of its own for what cannot be read
    if cache is None:
        return _parsed(path)
    # A text without a mark of its encoding is in the locale's.
    key = json.dumps([digest(content), locale.getpreferredencoding(do_setlocale=False)])
    known = cache.get(KIND, VERSION, [key]).get(key, b"")
    try:
        return msgspec.msgpack.decode(known, type=_Lines)
    except msgspec.MsgspecError:
        found = _parsed(path)
    cache.put(KIND, VERSION, {key: msgspec.msgpack.encode(found)})
    return found


def _parsed(path: Path) -> _Lines:
    # Imported when needed: most commands never come here.
    from pip_requirements_parser import RequirementsFile  # noqa: PLC0415

    file = RequirementsFile.from_file(str(path))
    found: list[Line] = [_requirement(item) for item in file.requirements]
    found += [Option(_number(item), dict(item.options)) for item in file.options]
    found += [Bad(_number(item), item.line, item.error_message) for item in file.invalid_lines]
    return tuple(sorted(found, key=lambda line: line.number))


def _requirement(item: Any) -> Named | Linked:  # noqa: ANN401  the library has no types
    number = _number(item)
    if item.link is not None or item.is_editable or item.req is None:
        url = item.link.url if item.link else None
        text = one_line(item.requirement_line.line)
        return Linked(number, text, item.name, url, bool(item.is_editable))
    return Named(
        number,
        item.name,
        str(item.specifier or ""),
        tuple(sorted(item.extras)),
        str(item.marker) if item.marker else None,
        tuple(item.hash_options),
    )


def _number(item: Any) -> int:  # noqa: ANN401  the library has no types
    line = getattr(item, "requirement_line", item)
    return int(line.line_number)
