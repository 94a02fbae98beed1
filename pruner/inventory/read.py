"""From what tracers/inventory.py printed in a sandbox to an Inventory; nothing is trusted."""

import csv
import email.parser
import posixpath
from collections.abc import Iterator

import msgspec

from pruner.errors import OutsideError
from pruner.model import Distribution, EntryPoint, Inventory, OwnedFile, normalise

VERSION = 1


class _Raw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    metadata: str
    record: str
    direct_url: str
    entry_points: str = ""


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    python: str
    executable: str
    markers: dict[str, str]
    site: tuple[str, ...]
    aliases: dict[str, str]
    stdlib: tuple[str, ...]
    stdlib_modules: frozenset[str]
    distributions: tuple[_Raw, ...]
    hashes: dict[str, str]


class _DirectUrl(msgspec.Struct, frozen=True):
    url: str


def parse(text: bytes) -> Inventory:
    """Return the inventory that a sandbox printed, without the graph (`requires`).

    Raises OutsideError where the text is not what our own reader prints.
    """
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except msgspec.MsgspecError as error:
        raise OutsideError(f"the sandbox's inventory cannot be read: {error}") from error
    if answer.version != VERSION:
        raise OutsideError(f"the sandbox's inventory has version {answer.version}, not {VERSION}")
    found: dict[str, Distribution] = {}
    for raw in answer.distributions:
        dist = _distribution(raw)
        if dist is not None:
            found.setdefault(dist.key, dist)  # the first one on sys.path is the one that counts
    return Inventory(
        python=answer.python,
        executable=answer.executable,
        markers=answer.markers,
        site_dirs=answer.site,
        aliases=answer.aliases,
        stdlib_dirs=answer.stdlib,
        stdlib_modules=answer.stdlib_modules,
        distributions=tuple(sorted(found.values(), key=lambda dist: dist.key)),
        on_disk=answer.hashes,
    )


def _distribution(raw: _Raw) -> Distribution | None:
    headers = email.parser.HeaderParser().parsestr(raw.metadata)
    name, version = headers.get("Name"), headers.get("Version")
    if not name or not version:
        return None  # what an interrupted uninstall leaves is no distribution
    return Distribution(
        name=normalise(name),
        version=str(version).strip(),
        requires=tuple(str(value) for value in headers.get_all("Requires-Dist", [])),
        files=tuple(_files(raw)),
        managed=bool(raw.record),
        local=_local(raw.direct_url),
        offers=tuple(_offers(raw.entry_points)),
    )


def _files(raw: _Raw) -> Iterator[OwnedFile]:
    folder = posixpath.dirname(raw.path)
    for row in csv.reader(raw.record.splitlines()):
        if not row or not row[0]:
            continue
        kind, _, digest = (row[1] if len(row) > 1 else "").partition("=")
        size = row[2] if len(row) > 2 else ""  # noqa: PLR2004  path, hash, size
        yield OwnedFile(
            posixpath.normpath(posixpath.join(folder, row[0])),
            digest if kind == "sha256" else None,
            int(size) if size.isdigit() else None,
        )


def _offers(text: str) -> Iterator[EntryPoint]:
    """Yield the entry points of an entry_points.txt; what is no line of one is passed over."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group and equals and not line.startswith(("#", ";")):
            yield EntryPoint(group, name.strip(), value.strip())


def _local(direct_url: str) -> str | None:
    if not direct_url:
        return None
    try:
        return msgspec.json.decode(direct_url, type=_DirectUrl).url
    except msgspec.MsgspecError:
        return None
