"""The store of accepted locks: every set that was proven, whole, in a folder of its own.

`.pruner/<image>/accepted/<id>/` holds the files of a set and accepted.json about them. A folder
appears by a rename when all of it is on the disk, and is never changed after. It lies in a working
tree, so anyone may have written it: what is not as pruner wrote it is named and passed over.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from pruner.config import Config, Image
from pruner.errors import UsageError, outside
from pruner.files import regular
from pruner.jobs.committed import MAX_BYTES
from pruner.jobs.observe import private_folder
from pruner.jobs.written import (
    FILES,
    Contents,
    hashes,
    lock_of,
    sameness,
)
from pruner.model import Value

SCHEMA: Final = 1
"""Version 1: the first."""

NOTE = "accepted.json"
MOST_NOTE = 1 << 20
_ID = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d{1,4}))?")
_HEX = re.compile(r"[0-9a-f]{64}")
Id = Annotated[str, msgspec.Meta(max_length=30)]
Word = Annotated[str, msgspec.Meta(max_length=300)]


class Proven(Value, frozen=True):
    """Whether the set was proven, in how many rounds, and where; else what speaks against it."""

    passed: bool
    rounds: Annotated[int, msgspec.Meta(ge=0)]
    runtime: Word
    flaw: Word = ""


class Accepted(Value, frozen=True):
    """What is known of one set."""

    schema: Literal[1]
    id: Id  # "20261125T031502Z": the second, in UTC, in which it was kept; then -2, -3, …
    when: Annotated[datetime, msgspec.Meta(tz=True)]
    command: Word  # which brought it, "lock"; "found": it lay in locks/
    after: Id  # the set that it took the place of, "" where there was none
    pins: Annotated[int, msgspec.Meta(ge=0)]
    size_bytes: Annotated[int, msgspec.Meta(ge=0)] | None
    proof: Proven
    lock: Word  # what two sets share that install the same
    same: Word  # what two sets share that differ in nothing that counts
    files: dict[str, str]  # name -> sha256, in hexadecimal


class Shelf(NamedTuple):
    """All that is kept of an image: the oldest first; and a line for each that is not whole."""

    rows: tuple[Accepted, ...]
    damaged: Mapping[str, str]

    def by_id(self) -> dict[str, Accepted]:
        """Return the sets by their id."""
        return {row.id: row for row in self.rows}

    def newest(self) -> str:
        """Return the id of the set that was kept last, "" where there is none."""
        return self.rows[-1].id if self.rows else ""

    def current(self, there: Contents) -> Accepted | None:
        """Return the set that lies in locks/: the very same, else one as good as it."""
        found = hashes(there)
        exact = [row for row in self.rows if row.files == found]
        if exact or not there:
            return exact[-1] if exact else None
        same = sameness(there)
        return next((row for row in reversed(self.rows) if row.same == same), None)

    def before(self, now: Accepted | None, there: Contents) -> Accepted | None:
        """Return the set that was there before: the last of another lock, and proven."""
        rows, lock = self.by_id(), lock_of(there)
        seen: set[str] = set()
        at = now
        while True:
            if at is not None:
                seen.add(at.id)
            following = rows.get(at.after) if at is not None else None
            if following is None or following.id in seen:
                following = self._older(at, seen)
            if following is None or (following.proof.passed and following.lock != lock):
                return following
            at = following

    def _older(self, than: Accepted | None, seen: set[str]) -> Accepted | None:
        rows = [row for row in self.rows if row.id not in seen]
        if than is not None:
            rows = [row for row in rows if order(row.id) < order(than.id)]
        return rows[-1] if rows else None

    def find(self, wanted: str) -> Accepted:
        """Return the set of an id, or of the beginning of one; UsageError where none is meant."""
        if wanted in self.damaged:
            raise UsageError(self.damaged[wanted], hint="what is left of it lies there")
        rows = self.by_id()
        found = [row for name, row in rows.items() if wanted and name.startswith(wanted)]
        if wanted in rows or len(found) == 1:
            return rows.get(wanted) or found[0]
        if found:
            what = f"{wanted!r} is the beginning of {len(found)} accepted locks"
            raise UsageError(what, hint=_listed(row.id for row in found))
        what = f"there is no accepted lock {wanted[:60]!r}"
        raise UsageError(what, hint=_listed(rows) if rows else "none was kept yet")


def _listed(ids: Iterable[str]) -> str:
    rest = sorted(ids, key=order, reverse=True)
    return f"there is {', '.join(rest[:5])}{' and more: see --list' if rest[5:] else ''}"


def order(name: str) -> tuple[str, int]:
    """Return what an id is sorted by."""
    match = _ID.fullmatch(name)
    return (match[1], int(match[2] or 1)) if match else ("", 0)


def store(config: Config, image: Image) -> Path:
    """Return the folder of an image's store."""
    return private_folder(config, image) / "accepted"


# --- reading ---------------------------------------------------------------------------------


def read_shelf(folder: Path) -> Shelf:
    """Read a store and check every file in it."""
    rows: list[Accepted] = []
    damaged: dict[str, str] = {}
    names = _names(folder)
    for name in sorted(names, key=order):
        try:
            row = _note(folder / name)
            read_kept(folder, row)
        except UsageError as error:
            damaged[name] = error.message
        else:
            rows.append(row)
    return Shelf(tuple(rows), damaged)


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir() if _ID.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise outside(error) from error


def read_kept(folder: Path, row: Accepted) -> dict[str, bytes]:
    """Return the files of a set; UsageError where one is not what was kept."""
    found: dict[str, bytes] = {}
    for name, sha in row.files.items():
        path = folder / row.id / name
        found[name] = _bytes(path, MAX_BYTES)
        if hashes({name: found[name]})[name] != sha:
            raise _refused(path, "is not what was kept")
    return found


def _note(folder: Path) -> Accepted:
    path = folder / NOTE
    if folder.is_symlink() or not folder.is_dir():
        raise _refused(folder, "is no folder of pruner's")
    data = _bytes(path, MOST_NOTE)
    try:
        row = msgspec.json.decode(data, type=Accepted)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(path, f"is not pruner's: {error}") from None
    strange = set(row.files) - FILES
    if strange or not all(_HEX.fullmatch(sha) for sha in row.files.values()):
        raise _refused(path, "names files that pruner does not write")
    if row.id != folder.name or not (row.after == "" or _ID.fullmatch(row.after)):
        raise _refused(path, "is of another set")
    shown = (row.command, row.proof.runtime, row.proof.flaw)
    if not all(text.isprintable() for text in shown):
        raise _refused(path, "has text that cannot be shown")
    return row


def _bytes(path: Path, most: int) -> bytes:
    try:
        return regular(path, most)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _refused(path, str(error)) from None


def _refused(path: Path, what: str) -> UsageError:
    parts = path.parts
    shown = "/".join(parts[parts.index(".pruner") if ".pruner" in parts else -3 :])
    text = "".join(char if char.isprintable() else "?" for char in what[:300])
    return UsageError(f"{shown}: {text}")
