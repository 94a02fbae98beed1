"""Whose an import name is, by what a lock was made from: kept, left out, or nobody's."""

import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pruner.document import Document
from pruner.model import Guard, ImportSite, SourceTree

ADDED = {
    "annotationlib": (3, 14),
    "compression": (3, 14),
    "graphlib": (3, 9),
    "tomllib": (3, 11),
    "zoneinfo": (3, 9),
}
REMOVED = {
    **dict.fromkeys(("binhex", "formatter", "parser", "symbol", "macpath"), (3, 11)),
    **dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), (3, 12)),
    **dict.fromkeys(
        (
            *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap"),
            *("msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau"),
            *("telnetlib", "uu", "xdrlib"),
        ),
        (3, 13),
    ),
}
"""In which version of Python names came to the standard library since 3.8, or left it:
https://docs.python.org/3/whatsnew/ (2026-11-25)."""


class Lack(NamedTuple):
    """An import that nothing in a lock answers; `left_out` are those that would have."""

    name: str
    site: ImportSite
    left_out: tuple[str, ...]

    @property
    def copes(self) -> bool:
        """Whether the code around it copes with that, or it may never run here."""
        return self.site.guard.copes or self.site.platform

    @property
    def word(self) -> str:
        """How `Inputs.absent` spells it."""
        return "coped" if self.copes else "needed"


class Names:
    """Looks up who answers to an import."""

    def __init__(
        self, document: Document, modules: Mapping[str, tuple[str, ...]], tree: SourceTree
    ) -> None:
        rows = {row.name: row for row in document.distributions}
        replaced = {
            name
            for item in document.conflicts
            if item.keep or item.use
            for name in item.distributions
        }
        self._gone = {key for key, row in rows.items() if not row.kept} - replaced
        self._owners: dict[str, list[str]] = {}
        for key, names in modules.items():
            for name in names:
                self._owners.setdefault(name, []).append(key)
        self._stdlib = _stdlib(document.python)
        self._tree = tree
        self._folders = {
            path[:at] for path in tree.files for at, char in enumerate(path) if char == "/"
        }
        self._own = {file.module.partition(".")[0] for file in tree.files.values()} - {""}

    def lacking(self, files: Iterator[str] | frozenset[str]) -> Iterator[Lack]:
        """Yield the imports of first-party files that nothing answers; the first of each name.

        One that needs it goes before those that cope.
        """
        found: dict[str, Lack] = {}
        for path in sorted(files):
            for site in self._tree.files[path].sites:
                lack = self._lack(site)
                if lack is None:
                    continue
                known = found.get(lack.name)
                if known is None or (known.copes and not lack.copes):
                    found[lack.name] = lack
        yield from found.values()

    def left_out(self, distribution: str) -> bool:
        """Return whether a distribution was installed, and is not in the lock."""
        return distribution in self._gone

    def _lack(self, site: ImportSite) -> Lack | None:
        top = site.module.partition(".")[0]
        if site.guard is Guard.TYPE_CHECKING or not top or self._is_own(top, site.file):
            return None
        if top in self._stdlib or site.instead.partition(".")[0] in self._stdlib:
            return None
        whole = f"{site.module}.{site.symbol}" if site.symbol not in {None, "*"} else site.module
        name, owners = self._owned(whole)
        gone = tuple(owner for owner in owners if owner in self._gone)
        if owners and len(gone) < len(owners):
            return None
        return Lack(name or top, site, gone)

    def _owned(self, name: str) -> tuple[str, list[str]]:
        """Return the longest part of a name that somebody has, and who that is."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            known = ".".join(parts[:end])
            if known in self._owners:
                return known, self._owners[known]
        # Nobody has it as a whole: it may be a namespace that several have parts of.
        below = [key for key in self._owners if f"{key}.".startswith(f"{parts[0]}.")]
        return parts[0], [owner for key in below for owner in self._owners[key]]

    def _is_own(self, top: str, file: str) -> bool:
        """Return whether a name is first-party: in the tree, or beside a script."""
        if top in self._own:
            return True
        beside = f"{file.rpartition('/')[0]}/{top}".lstrip("/")
        return f"{beside}.py" in self._tree.files or beside in self._folders


def _stdlib(python: str) -> frozenset[str]:
    """Return the topmost names of the standard library of a version, "3.11.2"."""
    version = tuple(int(part) for part in python.split(".")[:2] if part.isdecimal())
    every = sys.stdlib_module_names | REMOVED.keys() | ADDED.keys()
    if not version:
        return every
    gone = {name for name, since in REMOVED.items() if version >= since}
    later = {name for name, since in ADDED.items() if version < since}
    return every - gone - later
