"""Options of an index on the line of a requirement: taken off, and read for what was meant.

`torch==2.2.2+cu121 --extra-index-url https://…` is in many guides, and neither pip nor uv takes it.
"""

from collections.abc import Iterator
from typing import NamedTuple

_VALUED = {
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "-f": "--find-links",
    **{name: name for name in ("--index-url", "--extra-index-url", "--find-links")},
    **{name: name for name in ("--trusted-host", "--no-binary", "--only-binary")},
}
_FLAGS = ("--no-index", "--pre")


class Apart(NamedTuple):
    """A line taken apart: the requirement, and (option, value) with "" for a flag."""

    requirement: str
    options: tuple[tuple[str, str], ...]


def apart(line: str) -> Apart:
    """Take the options of an index off a line."""
    rest: list[str] = []
    options: list[tuple[str, str]] = []
    words = iter(line.split())
    for word in words:
        found = _option(word, words)
        if found is None:
            rest.append(word)
        else:
            options.append(found)
    return Apart(" ".join(rest), tuple(options))


def _option(word: str, words: Iterator[str]) -> tuple[str, str] | None:
    name, equals, value = word.partition("=")
    if word in _FLAGS:
        return word, ""
    if name not in _VALUED:
        return None
    return _VALUED[name], value if equals else next(words, "")
