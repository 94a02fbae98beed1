"""Writing to the store of accepted locks, and to `locks/` what is accepted.

What lies in `locks/` is kept before it is replaced, and so is what replaces it: a pruner that is
killed in between has lost neither.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pruner.config import Config, Image
from pruner.errors import OutsideError, outside
from pruner.files import alone, write_all
from pruner.jobs.accepted import NOTE, SCHEMA, Accepted, Proven, Shelf, order, read_shelf, store
from pruner.jobs.observe import locks_folder
from pruner.jobs.written import (
    VERDICTS,
    Contents,
    hashes,
    lock_of,
    read_set,
    sameness,
    summary,
)
from pruner.lock.header import CONSTRAINTS

_NEW = ".new-"
"""How folders begin that are not whole yet."""


def keep(folder: Path, contents: Contents, image: str, command: str, after: str) -> Accepted:
    """Keep a set; whoever calls holds the store."""
    now = datetime.now(UTC).replace(microsecond=0)
    known = summary(contents, image)
    row = Accepted(
        schema=SCHEMA,
        id=_fresh(folder, now),
        when=now,
        command=command,
        after=after,
        pins=len(known.pins),
        size_bytes=known.size_bytes,
        proof=Proven(
            passed=not known.flaw,
            rounds=known.rounds,
            runtime=_short(known.runtime),
            flaw=_short(known.flaw),
        ),
        lock=lock_of(contents),
        same=sameness(contents),
        files=hashes(contents),
    )
    _place(folder, row, contents)
    return row


def _place(folder: Path, row: Accepted, contents: Contents) -> None:
    note = msgspec.json.format(msgspec.json.encode(row), indent=2) + b"\n"
    try:
        new = Path(tempfile.mkdtemp(prefix=_NEW, dir=folder))
    except OSError as error:
        raise outside(error) from error
    try:
        write_all({new / name: data for name, data in {**contents, NOTE: note}.items()})
        new.chmod(0o755)
        new.rename(folder / row.id)
    except OSError as error:
        raise OutsideError(
            f"cannot write {folder / row.id}: {error.strerror}",
            hint="what was there before is untouched",
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _fresh(folder: Path, now: datetime) -> str:
    base = f"{now:%Y%m%dT%H%M%SZ}"
    taken = [path.name for path in folder.glob(f"{base}*")]
    number = max((order(name)[1] for name in taken), default=0)
    return f"{base}-{number + 1}" if number else base


def _short(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:200])


def tidy(folder: Path) -> None:
    """Remove what a killed pruner has begun; whoever calls holds the store."""
    for path in folder.glob(f"{_NEW}*"):
        shutil.rmtree(path, ignore_errors=True)


def recorded(folder: Path, shelf: Shelf, there: Contents, image: str, *, exactly: bool) -> Shelf:
    """Keep what lies in locks/ where that is not kept yet; `exactly`: each byte of it.

    Returns the shelf with it.
    """
    now = shelf.current(there)
    if not there or (now and (not exactly or now.files == hashes(there))):
        return shelf
    row = keep(folder, there, image, "found", now.after if now else shelf.newest())
    return Shelf((*shelf.rows, row), shelf.damaged)


def replace(
    config: Config,
    image: Image,
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
    command: str,
    say: Callable[[str], object],
) -> None:
    """Write a proven set to locks/, and keep it, and before that what it takes the place of.

    `change` makes the new set of the files that are there. Where it differs in nothing that counts
    from what is there, that is enough.
    """
    folder = store(config, image)
    with alone(folder, lambda: say(f"waiting for another pruner on {image.name}")):
        tidy(folder)
        shelf = read_shelf(folder)
        for line in shelf.damaged.values():
            say(f"warning: {line}")
        locks = locks_folder(config, image)
        there = read_set(locks)
        shelf = recorded(folder, shelf, there, image.name, exactly=False)
        now = shelf.current(there)
        new = change(there)
        if now is None or now.same != sameness(new):
            keep(folder, new, image.name, command, now.id if now else shelf.newest())
        put(locks, new, there)


def revise(config: Config, image: Image, verdicts: bytes) -> None:
    """Write a verdicts.json that says more of the lock in locks/, where that is still the one."""
    with alone(store(config, image)):
        locks = locks_folder(config, image)
        there = read_set(locks).get(VERDICTS, b"")
        if sameness({VERDICTS: there}) == sameness({VERDICTS: verdicts}):
            write_all({locks / VERDICTS: verdicts})


def put(locks: Path, new: Contents, there: Contents) -> None:
    """Write a set to locks/; files of the one that is there, and not of the new one, go.

    Constraints that nothing is built with go whatever they are, since an installer would heed them.
    """
    gone = {*there, CONSTRAINTS} - set(new)
    write_all(
        {locks / name: data for name, data in new.items() if there.get(name) != data},
        without=[locks / name for name in sorted(gone)],
    )
