"""What is kept of nights: what the last that found nothing had looked at, and what the last said.

Nothing else than what the first tells of has to be looked at again; the second is for reports.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from pruner import __version__
from pruner.config import Config, Image
from pruner.drift.values import Drift
from pruner.errors import UsageError
from pruner.files import regular, write
from pruner.image.dockerfile import dockerfile_of
from pruner.jobs.inputs import requirements
from pruner.jobs.written import hashes, read_set
from pruner.model import Finding, Value

NAME = "drift.json"
TOLD = "drift-told.json"
SCHEMA = 1
MOST_BYTES = 4 << 20
_SKIPPED = frozenset({"__pycache__", "node_modules", ".git", ".venv", ".pruner"})


class Night(Value, frozen=True, kw_only=True):
    """A night that found nothing but notes, and what it looked at."""

    schema: int
    when: str  # UTC
    digest: str
    notes: tuple[Finding, ...] = ()  # of the runs
    needed: tuple[str, ...] = ()  # "name==version" that the runs used


class Told(Value, frozen=True, kw_only=True):
    """What the last night that came to its end said of an image."""

    schema: int
    when: str  # UTC: when it began
    drift: Drift


def recalled(config: Config, image: Image) -> Night | None:
    """Return the last night that found nothing; what is not ours counts as none."""
    try:
        night = msgspec.json.decode(regular(_file(config, image), MOST_BYTES), type=Night)
    except (OSError, ValueError, RecursionError):
        return None
    return night if night.schema == SCHEMA else None


def remember(config: Config, image: Image, night: Night) -> None:
    """Keep a night that found nothing."""
    data = msgspec.json.format(msgspec.json.encode(night), indent=2) + b"\n"
    write(_file(config, image), data)


def forget(config: Config, image: Image) -> None:
    """Keep none: the next night looks at everything."""
    with suppress(OSError):
        _file(config, image).unlink(missing_ok=True)


def told(config: Config, image: Image) -> Told | None:
    """Return what the last night said; what is not ours counts as none."""
    try:
        last = msgspec.json.decode(regular(config.private_of(image) / TOLD, MOST_BYTES), type=Told)
    except (OSError, ValueError, RecursionError):
        return None
    return last if last.schema == SCHEMA else None


def tell(config: Config, image: Image, last: Told) -> None:
    """Keep what a night said."""
    data = msgspec.json.format(msgspec.json.encode(last), indent=2) + b"\n"
    write(config.private_of(image) / TOLD, data)


def digest_of(config: Config, image: Image, asked: Iterable[str]) -> str:
    """Return a digest of all that the runs of an image depend on, as far as it lies here.

    That is the files of the first-party trees, the requirement files with what they include, the
    Dockerfile, the configuration, the committed lock, recorded runs, and pruner itself; `asked` is
    how it was called.
    """
    whole = hashlib.sha256()
    for name, data in _parts(config, image, asked):
        whole.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        whole.update(data)
    return whole.hexdigest()


def _parts(config: Config, image: Image, asked: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    yield "pruner", msgspec.json.encode([__version__, SCHEMA, *asked])
    same = msgspec.structs.replace(image, budget=None, ignore=())  # nothing that is run
    yield "image", msgspec.json.encode([same, config.source, config.rules])
    yield "lock", msgspec.json.encode(hashes(read_set(config.locks_of(image))))
    for path in sorted(set(_files(config, image))):
        with suppress(OSError):
            yield os.path.relpath(path, config.root), _hash(path)


def _files(config: Config, image: Image) -> Iterator[Path]:
    for source in config.source:
        start = config.root / source
        yield from [start] if start.is_file() else _walk(start, config)
    try:
        read = dockerfile_of(image, config.root)
        files = requirements(config, image, read)[0].files
    except UsageError:
        files = image.requirements
    for name in files:
        yield config.root / name
        folder = (config.root / name).parent
        yield from (folder / lock for lock in ("uv.lock", "poetry.lock"))
    if image.dockerfile is not None:
        yield config.root / image.dockerfile
        yield config.root / f"{image.dockerfile}.dockerignore"
    yield config.root / image.context / ".dockerignore"
    yield from _walk(config.private_of(image) / "runs", config)


def _walk(start: Path, config: Config) -> Iterator[Path]:
    locks = config.root / config.locks
    seen: set[str] = set()
    for folder, folders, names in os.walk(start, followlinks=True):
        here, real = Path(folder), os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and here / name != locks
            and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in names if not name.endswith(".pyc"))


def _hash(path: Path) -> bytes:
    """Return the sha256 of a file; of anything else, what kind it is."""
    if not path.is_file():
        return b"no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _file(config: Config, image: Image) -> Path:
    return config.private_of(image) / NAME
