"""What uv.lock and poetry.lock pin, as lines of constraints."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Read

from pruner.config.files import read_text
from pruner.config.toml import parsed
from pruner.errors import UsageError
from pruner.requirements.mistakes import one_line
from pruner.requirements.values import Indexes, Requirement
from pruner.urls import bare

UV, POETRY = "uv.lock", "poetry.lock"
PYPI = "https://pypi.org/simple"
_PACKAGE = re.compile(r"\[\[\s*package\s*\]\]")


def lock_beside(project: Path, root: Path) -> Path | None:
    """Return the lock of a pyproject.toml: beside it, or uv's of the workspace that it is in."""
    folder = project.parent
    for name in (UV, POETRY):
        if (folder / name).is_file():
            return folder / name
    while folder != root and folder.is_relative_to(root):
        folder = folder.parent
        if (folder / UV).is_file():
            return folder / UV
    return None


def read_lock(path: Path, shown: str) -> tuple[Requirement, ...]:
    """Return the pins of a lock, `file` and `line` where each stands.

    What comes from an index of its own says so in `own`. Trees and repositories are left out, and
    so is a name with several versions of which the lock does not say where each holds. Raises
    UsageError in one line.
    """
    text = read_text(path, shown)
    rows = parsed(text, shown).get("package", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{shown}: package: is no array of tables", hint="make the lock anew")
    lines = [at for at, line in enumerate(text.split("\n"), 1) if _PACKAGE.match(line.strip())]
    places = lines if len(lines) == len(rows) else [1] * len(rows)
    pins = [pin for row, line in zip(rows, places, strict=True) for pin in _pin(row, shown, line)]
    several = {
        pin.key for pin in pins if len({each.pin for each in pins if each.key == pin.key}) > 1
    }
    return tuple(pin for pin in pins if pin.marker or pin.key not in several)


def _pin(row: Mapping[str, Any], shown: str, line: int) -> Iterator[Requirement]:
    name, version, source = row.get("name"), row.get("version"), row.get("source", {})
    if not isinstance(name, str) or not isinstance(source, dict):
        raise UsageError(f"{shown}:{line}: package has no name", hint="make the lock anew")
    kind = source.get("type", "legacy") if "type" in source or "reference" in source else "uv"
    url = source.get("registry") if kind == "uv" else source.get("url")
    of_index = kind == "legacy" or (kind == "uv" and (not source or url is not None))
    if not isinstance(version, str) or not of_index:
        return  # a tree, a repository or an archive
    marker = " or ".join(f"({each})" for each in _markers(row))
    try:
        read = Read(f"{name}=={version}" + (f" ; {marker}" if marker else ""))
    except (InvalidRequirement, RecursionError):
        what = one_line(f"{name} {version}")[:120]
        raise UsageError(f"{shown}:{line}: no pin: {what}", hint="make the lock anew") from None
    yield Requirement(
        name=read.name,
        specifier=str(read.specifier),
        marker=str(read.marker) if read.marker else None,
        file=shown,
        line=line,
        own=Indexes(index_url=url) if isinstance(url, str) and not _is_default(url) else None,
    )


def _markers(row: Mapping[str, Any]) -> list[str]:
    """Return the markers of which one has to hold: uv's of its forks, Poetry's of its groups."""
    found = row.get("resolution-markers", row.get("markers", []))
    listed = found.values() if isinstance(found, dict) else found
    return [found] if isinstance(found, str) else [each for each in listed if isinstance(each, str)]


def _is_default(url: str) -> bool:
    """Return whether an index is the one that uv asks here when nobody says otherwise."""
    theirs = [os.environ.get(name, "") for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")]
    return bare(url).rstrip("/") in {bare(each).rstrip("/") for each in (PYPI, *theirs)}
