"""The database of runs. Nothing that is wrong with it ever ends the command that uses it.

It has SQLite's own journal, not WAL: a run writes one row, and a folder that cannot be written can
still be read. Who writes waits for who writes already.
"""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from pruner.errors import OutsideError
from pruner.files import alone
from pruner.history.schema import STEPS, migrate, version
from pruner.history.values import Run

NAME: Final = "history.db"
PATIENCE = 30.0
"""Seconds that a run waits for another one that writes."""
MOST_OF_IMAGE = 500
MOST = 20_000
"""Runs that are kept, of one image and altogether; the oldest go."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""SQLITE_ERROR: a table or a column that is not there, though the version says so."""
_JSON = ("levels", "findings", "needed", "inputs")
_FIELDS = Run.__struct_fields__
T = TypeVar("T")


class _NewerError(Exception):
    """A newer pruner wrote it."""


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201  where nobody else tells


class History:
    """The runs of a project; what goes wrong is told as one line, and then nothing is known."""

    def __init__(self, root: Path, tell: Callable[[str], object] = _say) -> None:
        self._path = root / ".pruner" / NAME
        self._tell = tell

    @classmethod
    @contextmanager
    def opened(cls, root: Path, tell: Callable[[str], object] = _say) -> Iterator["History"]:
        """Open the history of the project at `root`; nothing is written before a run is."""
        yield cls(root, tell)

    def record(self, run: Run) -> None:
        """Add a run, and let the oldest go."""

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            marks = ", ".join("?" for _ in _FIELDS)
            names = ", ".join(_FIELDS)
            row = [_stored(name, getattr(run, name)) for name in _FIELDS]
            connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", row)  # noqa: S608  our own names
            connection.execute(
                "DELETE FROM runs WHERE image = ? AND id NOT IN"
                " (SELECT id FROM runs WHERE image = ? ORDER BY id DESC LIMIT ?)",
                (run.image, run.image, MOST_OF_IMAGE),
            )
            connection.execute(
                "DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?", (MOST,)
            )
            connection.execute("COMMIT")

        self._used(add, None, "this run is not in the history")

    def runs(self, image: str | None = None, limit: int | None = None) -> tuple[Run, ...]:
        """Return the runs of an image, or of all, the newest first; at most `limit`."""
        if not self._path.exists():
            return ()
        order = "ORDER BY id DESC LIMIT ?"
        most = -1 if limit is None else max(0, limit)

        def read(connection: sqlite3.Connection) -> list[Run | None]:
            names = ", ".join(_FIELDS)
            rows = connection.execute(
                f"SELECT {names} FROM runs WHERE ? IS NULL OR image = ? {order}",  # noqa: S608
                (image, image, most),
            )
            return [_read(row) for row in rows]

        nothing: list[Run | None] = []
        found = self._used(read, nothing, "what came before is not known")
        if None in found:
            bad = found.count(None)
            self._tell(f"warning: {self._shown}: {bad} of its rows not pruner's; passed over")
        return tuple(run for run in found if run is not None)

    # --- what can be wrong -------------------------------------------------------------------

    @property
    def _shown(self) -> str:
        return f".pruner/{NAME}"

    def _used(self, work: Callable[[sqlite3.Connection], T], otherwise: T, means: str) -> T:
        """Do something with the database; a damaged one is set aside, and it is done once more."""
        try:
            try:
                return self._tried(work)
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                self._set_aside(error)
                return self._tried(work)
        except _NewerError as error:
            self._tell(f"warning: {self._shown}: {error}; {means}")
        except sqlite3.Error as error:
            self._tell(f"warning: {self._shown}: {error}; {means}")
        except OutsideError as error:
            self._tell(f"warning: {error.message}; {means}")
        except OSError as error:
            self._tell(f"warning: {self._shown}: {error.strerror or error}; {means}")
        return otherwise

    def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._path.parent.mkdir(exist_ok=True)
        if self._path.is_symlink() or (self._path.exists() and not self._path.is_file()):
            hint = "move it away: a new history is begun"
            raise OutsideError(f"{self._shown} is not a regular file", hint=hint)
        connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
        with closing(connection):
            found = version(connection)
            if found > len(STEPS):
                message = f"schema {found}, and this pruner knows {len(STEPS)}; left alone"
                raise _NewerError(message)
            migrate(connection)
            return work(connection)

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Rename a damaged database, unless another pruner has done so."""
        with alone(self._path.parent):
            try:
                self._tried(_checked)
            except sqlite3.DatabaseError as still:
                if not _damaged(still):
                    raise
            else:
                return
            aside = self._free_name()
            self._path.rename(aside)
            for suffix in ("-journal", "-wal", "-shm"):
                self._path.with_name(NAME + suffix).unlink(missing_ok=True)
        self._tell(
            f"warning: {self._shown} is damaged ({error}): it is {aside.name} now, and the history"
            " begins anew"
        )

    def _free_name(self) -> Path:
        stem = f"{NAME}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        names = (stem if not number else f"{stem}-{number}" for number in range(1000))
        paths = (self._path.with_name(name) for name in names)
        return next(path for path in paths if not path.exists())


def _damaged(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _checked(connection: sqlite3.Connection) -> None:
    """Raise DatabaseError where any page is damaged."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        error = sqlite3.DatabaseError(str(found).splitlines()[0])
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
    connection.execute(f"SELECT {', '.join(_FIELDS)} FROM runs LIMIT 1").fetchall()  # noqa: S608


def _stored(name: str, value: object) -> object:
    return msgspec.json.encode(value).decode() if name in _JSON else value


def _read(row: tuple[object, ...]) -> Run | None:
    """Return a row as a run; None where it is none, since anyone may have written it."""
    values = dict(zip(_FIELDS, row, strict=True))
    try:
        for name in _JSON:
            values[name] = json.loads(str(values[name]))
        return msgspec.convert(values, Run)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
