"""The versions of the database, each a step from the one before it.

`PRAGMA user_version` has the number. A step is never changed once it was released: another one is
added. Version 1: the runs. Version 2: what was observed, how much is
kept, and what a lock rests on.
"""

import sqlite3

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            command TEXT NOT NULL,
            image TEXT NOT NULL,
            outcome TEXT NOT NULL,
            exit INTEGER NOT NULL,
            runtime TEXT NOT NULL,
            policy TEXT NOT NULL,
            lock TEXT,
            size_before INTEGER,
            size_after INTEGER,
            image_bytes INTEGER,
            minimal_bytes INTEGER,
            confidence REAL,
            levels TEXT NOT NULL,
            findings TEXT NOT NULL,
            seconds REAL NOT NULL
        )
        """,
        "CREATE INDEX runs_of_image ON runs (image, id)",
    ),
    (
        "ALTER TABLE runs ADD COLUMN needed TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE runs ADD COLUMN kept INTEGER",
        "ALTER TABLE runs ADD COLUMN total INTEGER",
        "ALTER TABLE runs ADD COLUMN inputs TEXT NOT NULL DEFAULT '{}'",
    ),
)


def version(connection: sqlite3.Connection) -> int:
    """Return the version of a database, 0 where it is new."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest version, all steps or none; two at once wait."""
    if version(connection) >= len(STEPS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version(connection), len(STEPS)):  # anew: another may have done it
            for statement in STEPS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
