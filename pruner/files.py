"""Writing files so that nothing is ever lost: whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pruner.errors import OutsideError


def write(path: Path, text: str | bytes) -> None:
    """Write a file atomically: readers see the old one or the new one."""
    write_all({path: text})


def write_all(contents: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: none is replaced before all of them are on the disk."""
    ready: list[tuple[str, Path]] = []
    try:
        for path, text in contents.items():
            ready.append((_beside(path, text), path))
        for temporary, path in ready:
            Path(temporary).replace(path)
    except OSError as error:
        raise OutsideError(
            f"cannot write {error.filename or 'a file'}: {error.strerror}",
            hint="what was there before is untouched",
        ) from error
    finally:
        for temporary, _ in ready:
            with suppress(OSError):
                Path(temporary).unlink()


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
