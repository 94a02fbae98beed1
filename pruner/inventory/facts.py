"""Facts about installed files, kept between runs: what was read once is not read again.

One SQLite file, which several pruners may use at once. A fact is bytes, found by its kind, by the
version of whoever reads that kind, and by the content of the file that it is about. It is only ever
a saving of time: whatever goes wrong here makes facts that are not found, and a note.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

from pruner.errors import OutsideError

APPLICATION = 0x70726E72
"""SQLite's application_id of this file: "prnr"."""
SCHEMA = 1
"""SQLite's user_version of this file. 1: one table of facts."""
BOUND = 1 << 30
"""Bytes that the facts may take before the oldest go."""
WAIT = 10.0
"""Seconds to wait for another pruner that writes."""
MOST_DAMAGED = 3
"""Files that are set aside before the last of them is replaced."""
AT_ONCE = 500
"""Keys in one query; SQLite before 3.32 takes 999."""

_TABLE = """
CREATE TABLE IF NOT EXISTS fact (
    kind TEXT NOT NULL, version INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,
    UNIQUE (kind, version, key)
)"""
_SELECT = "SELECT key, CAST(data AS BLOB) FROM fact WHERE kind = ? AND version = ?"
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SIDE_FILES = ("", "-wal", "-shm")

T = TypeVar("T")


class Facts:
    """An open cache of facts, for one thread. See `open`.

    Nothing here raises for the sake of the file: a file that is damaged or not ours is renamed to
    `<name>.damaged-N` and begun anew; one that cannot be written or read is not used.
    """

    def __init__(self, path: Path, bound: int = BOUND) -> None:
        self._path = path
        self._bound = bound
        self._notes: dict[str, None] = {}
        self._connection = self._connect()

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, bound: int = BOUND) -> Iterator[Self]:
        """Open the facts in a file, which need not exist; `bound` is in bytes."""
        facts = cls(path, bound)
        try:
            yield facts
        finally:
            facts.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong so far, a line each."""
        return tuple(self._notes)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def get(self, kind: str, version: int, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the facts that are known of the keys, and nothing for the others."""
        wanted = tuple(dict.fromkeys(keys))
        return self._attempt(lambda connection: _read(connection, kind, version, wanted), {})

    def put(self, kind: str, version: int, rows: Mapping[str, bytes]) -> None:
        """Keep facts by key, in place of what was known of these keys."""
        values = [(kind, version, key, data) for key, data in rows.items()]
        if values:
            self._attempt(lambda connection: _write(connection, values, self._bound), None)

    def _attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._connection is None:
            return otherwise
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            self.close()
            if _is_damage(error):
                self._connection = self._connect()
            else:
                self._unusable(error)
            return otherwise

    def _connect(self) -> sqlite3.Connection | None:
        """Open the file, or put a new one in its place, while no other pruner does."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._path.with_name(f"{self._path.name}.lock")):
                return self._opened()
        except (OSError, sqlite3.Error, OutsideError) as error:
            self._unusable(error)
            return None

    def _opened(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.Error as error:
            if not _is_damage(error):
                raise
        aside = _set_aside(self._path)
        self._notes[f"facts kept about files were damaged: set aside as {aside.name}"] = None
        return _connect(self._path)

    def _unusable(self, error: Exception) -> None:
        self._notes[f"facts about files are not kept in {self._path}: {error}"] = None


def _connect(path: Path) -> sqlite3.Connection:
    """Open or make a file of facts; a file that is somebody else's counts as damaged."""
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level="IMMEDIATE")
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    marks = (_number(connection, "application_id"), _number(connection, "user_version"))
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if marks != (APPLICATION, SCHEMA) and (any(marks) or tables):
        raise _ForeignError
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {1 << 24}")
    if not tables:
        connection.execute(_TABLE)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
    else:
        connection.execute("SELECT kind, version, key, data FROM fact LIMIT 1").fetchone()


class _ForeignError(sqlite3.DatabaseError):
    """A file of SQLite's that is not ours, or of another schema."""

    def __init__(self) -> None:
        super().__init__("not a file of facts")
        self.sqlite_errorcode = sqlite3.SQLITE_NOTADB


def _is_damage(error: sqlite3.Error) -> bool:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGE


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _read(
    connection: sqlite3.Connection, kind: str, version: int, keys: tuple[str, ...]
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"{_SELECT} AND key IN ({marks})"
        found.update(connection.execute(query, (kind, version, *some)))
    return found


def _write(
    connection: sqlite3.Connection, values: list[tuple[str, int, str, bytes]], bound: int
) -> None:
    with connection:
        connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?)", values)
        while _bytes(connection) > bound and _drop_oldest(connection):
            pass


def _bytes(connection: sqlite3.Connection) -> int:
    """Return the bytes of the pages in use: free ones are filled again before the file grows."""
    pages = _number(connection, "page_count") - _number(connection, "freelist_count")
    return pages * _number(connection, "page_size")


def _drop_oldest(connection: sqlite3.Connection) -> bool:
    """Drop an eighth of the rows, those written first; False where there is none."""
    count = int(connection.execute("SELECT count(*) FROM fact").fetchone()[0])
    oldest = "SELECT rowid FROM fact ORDER BY rowid LIMIT ?"
    connection.execute(f"DELETE FROM fact WHERE rowid IN ({oldest})", (count // 8 + 1,))  # noqa: S608
    return count > 0


def _set_aside(path: Path) -> Path:
    """Rename a file with its journal, which would be played into the next file of that name."""
    names = [path.with_name(f"{path.name}.damaged-{n}") for n in range(1, MOST_DAMAGED + 1)]
    aside = next((name for name in names if not name.exists()), names[-1])
    for end in _SIDE_FILES:
        with suppress(FileNotFoundError):
            path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
    return aside


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock file; raise OutsideError where another pruner does for too long."""
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + WAIT
        while not _locked(lock):
            if time.monotonic() > deadline:
                raise OutsideError("another pruner holds them")
            time.sleep(0.01)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
