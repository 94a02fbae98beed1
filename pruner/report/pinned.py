"""Reading a pylock.toml: where the files of each distribution are, and their hashes."""

import tomllib

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockValidationError,
)

from pruner.errors import UsageError
from pruner.model import normalise
from pruner.report.subject import Pinned, PinnedFile


def read_pins(where: str, text: str) -> tuple[Pinned, ...]:
    """Return the distributions of a pylock.toml, by name; `where` begins every message.

    Raises UsageError where it is none: it lies in a working tree.
    """
    try:
        lock = Pylock.from_dict(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, PylockValidationError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise UsageError(
            f"{where}: not a lock: {why}", hint="make the lock anew, or take it from history"
        ) from error
    return tuple(sorted(map(_pinned, lock.packages), key=lambda row: row.name))


def _pinned(package: Package) -> Pinned:
    files: list[PackageWheel | PackageSdist | PackageArchive] = list(package.wheels or ())
    files += [file for file in (package.sdist, package.archive) if file is not None]
    return Pinned(
        name=normalise(package.name),
        version=str(package.version) if package.version is not None else None,
        index=package.index,
        files=tuple(_file(file) for file in files),
    )


def _file(file: PackageWheel | PackageSdist | PackageArchive) -> PinnedFile:
    return PinnedFile(
        url=file.url or file.path or "", hashes=dict(file.hashes), size_bytes=file.size
    )
