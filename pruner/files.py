"""Writing files so that nothing is ever lost: whole or not at all; and copying folders."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from pruner.errors import OutsideError
from pruner.urls import cleaned


def write(path: Path, text: str | bytes) -> None:
    """Write a file atomically: readers see the old one or the new one."""
    write_all({path: text})


def write_all(contents: Mapping[Path, str | bytes], without: Iterable[Path] = ()) -> None:
    """Write files that belong together: none is replaced before all of them are on the disk.

    Those of `without`, which no longer belong to them, are removed once the others are in place.
    """
    ready: list[tuple[str, Path]] = []
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


def plain_json(value: object) -> bytes:
    """Return a value as JSON in which no URL shows credentials."""
    data = msgspec.json.encode(value)
    if b"://" not in data:
        return data
    return msgspec.json.encode(cleaned(msgspec.json.decode(data)))


def _beside(path: Path, text: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode() if isinstance(text, str) else text
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
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
