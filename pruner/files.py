"""Files, so that nothing is ever lost: whole or not at all, one at a time; and copying folders."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from pruner.errors import OutsideError
from pruner.urls import cleaned

_BEGUN = ".pruner"
"""How the names of files end that are not whole yet."""
_LEFT = 3600.0
"""Seconds after which such a file has no writer any more: it was killed."""


def write(path: Path, text: str | bytes) -> None:
    """Write a file atomically: readers see the old one or the new one."""
    write_all({path: text})


def write_all(contents: Mapping[Path, str | bytes], without: Iterable[Path] = ()) -> None:
    """Write files that belong together: none is replaced before all of them are on the disk.

    Those of `without`, which no longer belong to them, are removed once the others are in place;
    what a killed writer has left beside them goes as well.
    """
    ready: list[tuple[str, Path]] = []
    for folder in {path.parent for path in contents}:
        _sweep(folder)
    try:
        for path, text in contents.items():
            ready.append((_beside(path, text), path))
        for temporary, path in ready:
            Path(temporary).replace(path)
        for path in without:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutsideError(
            f"cannot write {error.filename or 'a file'}: {error.strerror}",
            hint="what was there before is untouched",
        ) from error
    finally:
        for temporary, _ in ready:
            with suppress(OSError):
                Path(temporary).unlink()


def regular(path: Path, most: int) -> bytes:
    """Return what a regular file of at most `most` bytes holds; a link is no such file.

    Raises ValueError, with what it is instead, and OSError where it cannot be read.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            message = "is not a regular file"
            raise ValueError(message)
        data = file.read(most + 1)
    if len(data) > most:
        message = f"has more than {most >> 20} MiB, the most that is read"
        raise ValueError(message)
    return data


@contextmanager
def alone(folder: Path, waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the lock of a folder, which is made; one that a killed pruner held is free.

    `waiting` is called once where another pruner holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(folder / ".lock", flags, 0o644)
    except OSError as error:
        what = f"cannot write {error.filename}: {error.strerror}"
        raise OutsideError(what, hint="see who may write there") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def plain_json(value: object) -> bytes:
    """Return a value as JSON in which no URL shows credentials."""
    data = msgspec.json.encode(value)
    if b"://" not in data:
        return data
    return msgspec.json.encode(cleaned(msgspec.json.decode(data)))


def _beside(path: Path, text: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode() if isinstance(text, str) else text
    descriptor, name = tempfile.mkstemp(_BEGUN, f".{path.name}.", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def _sweep(folder: Path) -> None:
    """Remove what killed writers have left; a living one has begun its file a moment ago."""
    with suppress(OSError):
        for path in folder.glob(f".*.????????{_BEGUN}"):
            if time.time() - path.lstat().st_mtime > _LEFT:
                path.unlink(missing_ok=True)


class _StopError(Exception):
    """Carries an OSError past shutil, which goes on after one and joins them all as text."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def copy_tree(
    source: Path,
    target: Path,
    *,
    symlinks: bool = False,
    ignore: Callable[[str, list[str]], Iterable[str]] | None = None,
) -> None:
    """Copy a folder; `symlinks`: as such. Raises OSError for the first file that cannot be."""
    try:
        shutil.copytree(
            source,
            target,
            symlinks=symlinks,
            ignore=ignore,
            copy_function=_copied,
            dirs_exist_ok=True,
        )
    except _StopError as stopped:
        raise stopped.error from None


def _copied(source: str, target: str) -> None:
    try:
        shutil.copy2(source, target)
    except OSError as error:
        raise _StopError(error) from error
