"""From what tracers/inventory.py printed in a sandbox to an Inventory; nothing is trusted."""

import csv
import email.parser
import posixpath
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from pruner.errors import SandboxError
from pruner.model import Distribution, EntryPoint, Inventory, OwnedFile, normalise

VERSION = 2
MAX_DISTRIBUTIONS = 10_000
MAX_FILES = 1_000_000  # that all RECORDs list
MAX_HEADERS = 1 << 20  # characters of one distribution's metadata
MAX_DIGITS = 18  # of a size
MAX_TAGS = 200  # of one wheel

# What stands in a lock and in file names, so nothing that ends a line or leads out of a folder.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,198}", re.ASCII)
_TAG = re.compile(r"\w{1,60}-\w{1,60}-\w{1,60}", re.ASCII)
_ARCHIVE = re.compile(r"https?://[!-~]{1,2000}", re.IGNORECASE)  # one word: it stands in a lock
_NEEDED_MARKERS = {"python_version", "platform_machine", "sys_platform"}

_Python = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4}){2}[0-9a-z+]{0,20}\Z")]
_Marker = Annotated[str, msgspec.Meta(pattern=r"""^[^'"\x00-\x1f\x7f-\x9f\u2028\u2029]{0,400}\Z""")]


_Kind = Literal["index_url", "extra_index_urls", "find_links"]
_Place = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,2000}\Z")]


class _Raw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    metadata: str
    record: str
    direct_url: str
    entry_points: str = ""
    wheel: str = ""


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    python: _Python
    executable: str
    markers: dict[str, _Marker]
    site: tuple[str, ...]
    aliases: dict[str, str]
    stdlib: tuple[str, ...]
    stdlib_modules: frozenset[str]
    distributions: tuple[_Raw, ...]
    hashes: dict[str, str]
    changed: frozenset[str] = frozenset()
    indexes: tuple[tuple[_Kind, _Place], ...] = ()


class _DirectUrl(msgspec.Struct, frozen=True):
    url: str
    archive_info: dict[str, Any] | None = None
    subdirectory: str = ""


def parse(text: bytes) -> Inventory:
    """Return the inventory that a sandbox printed, without the graph (`requires`).

    Raises OutsideError where the text is not what our own reader prints.
    """
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SandboxError(f"the sandbox's inventory cannot be read: {_shown(error)}") from error
    if answer.version != VERSION:
        raise SandboxError(f"the sandbox's inventory has version {answer.version}, not {VERSION}")
    _check(answer)
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
        changed=answer.changed,
        indexes=answer.indexes,
    )


def _check(answer: _Answer) -> None:
    """Refuse what would cost too much, or what a lock cannot be tied to."""
    if len(answer.distributions) > MAX_DISTRIBUTIONS:
        raise SandboxError(f"the sandbox has more than {MAX_DISTRIBUTIONS} distributions")
    if sum(raw.record.count("\n") + 1 for raw in answer.distributions) > MAX_FILES:
        raise SandboxError(f"the sandbox's RECORDs list more than {MAX_FILES} files")
    for raw in answer.distributions:
        if len(raw.metadata) > MAX_HEADERS:
            what = f"metadata of more than {MAX_HEADERS} characters"
            raise SandboxError(f"{_shown(raw.path)}: {what}")
    if answer.distributions and not set(answer.markers) >= _NEEDED_MARKERS:
        raise SandboxError("the sandbox's inventory does not say for which interpreter it holds")


def _distribution(raw: _Raw) -> Distribution | None:
    headers = email.parser.HeaderParser().parsestr(raw.metadata)
    name, version = headers.get("Name"), headers.get("Version")
    if not name or not version:
        return None  # what an interrupted uninstall leaves is no distribution
    name, version = str(name).strip(), str(version).strip()
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        what = f"{name[:80]!a} {version[:80]!a} is no name and version of a distribution"
        raise SandboxError(f"{_shown(raw.path)}: {what}")
    local, archive = _direct(raw.direct_url)
    return Distribution(
        name=normalise(name),
        version=version,
        requires=tuple(str(value) for value in headers.get_all("Requires-Dist", [])),
        files=tuple(_files(raw)),
        managed=bool(raw.record),
        local=local,
        archive=archive,
        offers=tuple(_offers(raw.entry_points)),
        tags=_tags(raw.wheel),
    )


def _files(raw: _Raw) -> Iterator[OwnedFile]:
    folder = posixpath.dirname(raw.path)
    for row in _rows(raw.record):
        kind, _, digest = (row[1] if len(row) > 1 else "").partition("=")
        size = row[2] if len(row) > 2 else ""  # noqa: PLR2004  path, hash, size
        yield OwnedFile(
            posixpath.normpath(posixpath.join(folder, row[0])),
            digest if kind == "sha256" else None,
            int(size) if size.isascii() and size.isdigit() and len(size) <= MAX_DIGITS else None,
        )


def _rows(record: str) -> Iterator[list[str]]:
    """Yield the rows that name a file; one that is not CSV is passed over."""
    rows = csv.reader(record.split("\n"))
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            continue
        if row is None:
            return
        if row and row[0]:
            yield row


def _shown(what: object) -> str:
    """Return a text of the sandbox's on one line that is safe to print."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(what))[:300]


def _offers(text: str) -> Iterator[EntryPoint]:
    """Yield the entry points of an entry_points.txt; what is no line of one is passed over."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif group and equals and not line.startswith(("#", ";")):
            yield EntryPoint(group, name.strip(), value.strip())


def _tags(wheel: str) -> tuple[str, ...]:
    """Return the tags of a WHEEL file, those each once: "cp311-abi3-linux_x86_64"."""
    lines = (line.partition(":") for line in wheel.splitlines())
    values = (value.strip() for key, _, value in lines if key == "Tag")
    return tuple(dict.fromkeys(tag for tag in values if _TAG.fullmatch(tag)))[:MAX_TAGS]


def _direct(direct_url: str) -> tuple[str | None, str | None]:
    """Return the URL that no lock can pin and the one that it can: an archive behind http(s)."""
    if not direct_url:
        return None, None
    try:
        found = msgspec.json.decode(direct_url, type=_DirectUrl)
    except (msgspec.MsgspecError, RecursionError):
        return None, None
    fetched = found.archive_info is not None and _ARCHIVE.fullmatch(found.url) is not None
    if not fetched or found.subdirectory:
        return found.url, None
    return None, found.url.partition("#")[0]
