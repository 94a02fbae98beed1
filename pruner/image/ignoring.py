"""What a .dockerignore leaves out of a build, as BuildKit decides it.

The docker library translates one pattern; its walk over a tree does not look into a folder that
an exception with a wildcard may reach, so the order of patterns is followed here. Every pattern in
turn says whether a path, or a folder above it, matches, and the last one that does decides.
"""

import fnmatch
import posixpath
from collections.abc import Sequence

Matched = tuple[bool, ...]
"""Which patterns a folder matched: what lies in it matches these as well."""


class Ignoring:
    """The patterns of one .dockerignore."""

    def __init__(self, patterns: Sequence[str]) -> None:
        from docker.utils.build import Pattern  # noqa: PLC0415  slow to import

        read = [Pattern(pattern) for pattern in patterns]
        self._patterns: tuple[Pattern, ...] = tuple(row for row in read if row.dirs)
        self.excepts = any(row.exclusion for row in self._patterns)

    @property
    def nothing(self) -> Matched:
        """What stands for the top of the tree."""
        return (False,) * len(self._patterns)

    def match(self, path: str, above: Matched) -> tuple[bool, Matched]:
        """Return whether a path is left out, and what to say of it for what lies in it."""
        matched = tuple(
            inherited or bool(row.match(path))
            for row, inherited in zip(self._patterns, above, strict=True)
        )
        out = False
        for row, fits in zip(self._patterns, matched, strict=True):
            out = not row.exclusion if fits else out
        return out, matched


def patterns_of(text: str) -> tuple[str, ...]:
    """Return the patterns in the text of a .dockerignore, without comments."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n"))
    return tuple(line for line in lines if line and not line.startswith("#"))


def below(file: str, source: str) -> bool:
    """Return whether a file of the context is one that a source of COPY takes."""
    wanted = posixpath.normpath(source).lstrip("/")
    if wanted in {"", "."}:
        return True
    parts, pattern = file.split("/"), wanted.split("/")
    if len(parts) < len(pattern):
        return False
    return all(
        name == part or fnmatch.fnmatchcase(name, part)
        for name, part in zip(parts, pattern, strict=False)
    )
