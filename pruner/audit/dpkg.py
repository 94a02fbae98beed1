"""The database of dpkg: what is installed, how large it is, and what it needs."""

import re
from collections.abc import Iterator, Mapping

from pruner.audit.values import Debian

_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*)$", re.MULTILINE)
_NEEDS = ("Pre-Depends", "Depends", "Recommends")
_KIB = 1024


def packages(status: str, base: str = "") -> dict[str, Debian]:
    """Return the installed packages of /var/lib/dpkg/status; `base` is that of the base image.

    What several packages provide, or one of several that would do, counts as needed where it is
    installed: so what somebody else may need is never counted as only a tool's.
    """
    rows = list(_rows(status))
    names = {row["Package"] for row in rows}
    provided: dict[str, set[str]] = {}
    for row in rows:
        for name in _named(row.get("Provides", "")):
            provided.setdefault(name, set()).add(row["Package"])
    brought = {row["Package"] for row in _rows(base)}
    return {
        row["Package"]: Debian(
            size_bytes=_size(row),
            needs=tuple(sorted(_needed(row, names, provided) - {row["Package"]})),
            base=row["Package"] in brought,
        )
        for row in rows
    }


def _rows(status: str) -> Iterator[dict[str, str]]:
    for paragraph in re.split(r"\n\s*\n", status):
        row = dict(_FIELD.findall(paragraph))
        if row.get("Package") and row.get("Status", "").endswith(" installed"):
            yield row


def _size(row: Mapping[str, str]) -> int:
    text = row.get("Installed-Size", "").strip()
    return int(text) * _KIB if text.isascii() and text.isdecimal() and len(text) < 12 else 0  # noqa: PLR2004


def _needed(row: Mapping[str, str], names: set[str], provided: Mapping[str, set[str]]) -> set[str]:
    wanted = {name for field in _NEEDS for name in _named(row.get(field, ""))}
    found = wanted & names
    for name in wanted:
        found |= provided.get(name, set())
    return found


def _named(text: str) -> Iterator[str]:
    """Yield the names of "libc6 (>= 2.36), default-mta | mail-transport-agent:any"."""
    for part in re.split(r"[,|]", text):
        name = part.strip().partition(" ")[0].partition(":")[0]
        if name:
            yield name
