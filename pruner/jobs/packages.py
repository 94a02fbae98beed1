"""The Debian packages of an image, where the image itself can be looked at."""

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

import msgspec

from pruner.analysis.packages import Used, with_files
from pruner.clock import Clock
from pruner.config import Image
from pruner.document import BaseImage, SystemPackage
from pruner.sandbox.base import Environment, Sandbox
from pruner.sandbox.probes import ask, probe

MOST_CHARACTERS = 400
MOST_IN_ORDER = 100_000
"""Characters of the paths that are asked for at once: the kernel bounds what one argument holds."""
MOST_FILES = 20_000

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9+.-]{0,99}\Z")]
_Version = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9.+:~-]{0,200}\Z")]
_Bytes = Annotated[int, msgspec.Meta(ge=0, lt=1 << 60)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: _Name
    version: _Version
    size: _Bytes
    needs: tuple[_Name, ...]
    silent: bool


class _Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    packages: Annotated[tuple[_Row, ...], msgspec.Meta(max_length=20_000)]


class Below(NamedTuple):
    """What an image stands on, and its Debian packages; nothing where it was not looked at."""

    base: BaseImage | None = None
    packages: tuple[SystemPackage, ...] = ()


def look_below(
    image: Image, sandbox: Sandbox, environment: Environment, files: Used, clock: Clock
) -> Below:
    """Return the image's Debian packages, with what is used of them."""
    if sandbox.name == "local":  # the system is the host's
        return Below()
    with clock.step("look at the base image", sandbox=True):
        base = sandbox.base(image)
        if base is None:
            return Below()
        call = probe(environment.python, environment.tools)
        rows = ask(environment, call, {"packages": True}, _Rows).packages
        paths = sorted(path for path in files.seen | files.linked if len(path) <= MOST_CHARACTERS)
        owners: dict[str, str] = {}
        for batch in _batches(paths[:MOST_FILES]):
            owners |= ask(environment, call, {"owners": batch}, dict[str, str])
    packages = (
        SystemPackage(
            name=row.name,
            version=row.version,
            size_bytes=row.size,
            base=False,
            silent=row.silent,
            needs=row.needs,
        )
        for row in rows
    )
    return Below(base.image, tuple(with_files(packages, owners, files, base.packages)))


def _batches(paths: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path in paths:
        if size > MOST_IN_ORDER:
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += len(path.encode("utf-8", "replace")) + 4
    if batch:
        yield batch
