"""What lies in the layers of an image that an engine has: sizes by what it is, and dpkg's database.

An image is read as `docker save` gives it, as a stream, and nothing of it is written anywhere.
Who wants it has each layer weighed on the way, as a registry would have it.
"""

import io
import json
import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from pruner.audit.models import is_weights
from pruner.audit.values import Layer
from pruner.errors import OutsideError, UsageError
from pruner.model import Value
from pruner.rules import caches
from pruner.sandbox import engine
from pruner.sandbox.weighing import Scale

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

MAX_JSON = 8 << 20
"""Bytes of a manifest or a configuration; real ones have a few thousand."""
MAX_STATUS = 64 << 20
"""Bytes of /var/lib/dpkg/status; a desktop has 5 million."""
MAX_WEIGHTS = 1000
"""Weights that are named in one layer."""
STATUS = "/var/lib/dpkg/status"
PATIENCE = 1800
"""Seconds; an engine may write the whole image before the first byte: 11 GB took a minute."""
READ = 1 << 20
BLOCK = 1 << 16
"""Bytes that tarfile reads at once: it copies what is left of them for each header."""
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, zstd
_NOT_AN_ARCHIVE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Saved(Value, frozen=True, kw_only=True):
    """An image as it was read: its layers, the oldest first, and dpkg's database in each."""

    tag: str
    size_bytes: int
    layers: tuple[Layer, ...]
    statuses: tuple[str | None, ...]  # one for each layer


class Content(Value, frozen=True, kw_only=True):
    """What lies in one layer."""

    caches: dict[str, int]
    weights: dict[str, int]
    status: str | None
    compressed_bytes: int = 0  # 0 where it was not weighed


Weighed = dict[str, Content]
"""Layers that were weighed, by the name that an engine gives to one and what lies below it."""


def read_image(client: "DockerClient", tag: str, weighed: Weighed | None = None) -> Saved:
    """Read an image; UsageError where the engine has none of that name.

    With `weighed` its layers are weighed, but for those that are in it; it gets the others.
    """
    image = _image(client, tag)
    size = int(image.attrs.get("Size") or 0)
    _require_space(client, tag, size)
    with engine.failing(f"cannot read {tag}"), _patient(client):
        sizes = [int(row.get("Size") or 0) for row in reversed(image.history())]
        layers = read_archive(image.save(chunk_size=READ), sizes, tag, weighed)
    return Saved(
        tag=tag,
        size_bytes=size,
        layers=tuple(layer for layer, _ in layers),
        statuses=tuple(status for _, status in layers),
    )


def read_archive(
    chunks: Iterable[bytes], sizes: Sequence[int], tag: str, weighed: Weighed | None = None
) -> list[tuple[Layer, str | None]]:
    """Return the layers in what `docker save` sends, and dpkg's database in each.

    `sizes` are their bytes as the engine tells them, the oldest first. Raises OutsideError for what
    is no such archive, or another image's.
    """
    try:
        documents, contents = _read(chunks, weighed)
        history, names = _described(documents)
        if len(sizes) != len(history):
            raise ValueError(f"{len(sizes)} layers are told of, and {len(history)} are there")
    except (tarfile.TarError, EOFError, *_NOT_AN_ARCHIVE) as error:
        what = f"{tag}: the engine's archive cannot be read: {error}"
        raise OutsideError(what, hint="build the image again; see the engine's log") from error
    rest = (contents.get(name) for name in names)
    rows = zip(history, sizes, strict=True)
    return [
        _layer_of(row, size, None if row.get("empty_layer") else next(rest, None))
        for row, size in rows
    ]


def _image(client: "DockerClient", tag: str) -> "Image":
    from docker.errors import ImageNotFound  # noqa: PLC0415

    with engine.failing(f"cannot look for {tag}"):
        try:
            return client.images.get(tag)
        except ImageNotFound:
            hint = f"`docker build --tag {tag} …` builds it"
            raise UsageError(f"the engine has no image {tag}", hint=hint) from None


@contextmanager
def _patient(client: "DockerClient") -> Iterator[None]:
    usual = client.api.timeout
    client.api.timeout = PATIENCE
    try:
        yield
    finally:
        client.api.timeout = usual


def _require_space(client: "DockerClient", tag: str, size: int) -> None:
    """Refuse what would fill the engine's disk: it lays out an image before it sends it."""
    with engine.failing("the engine does not say where its files are"):
        folder = Path(str(client.info().get("DockerRootDir") or ""))
    if not folder.is_dir():  # the engine is elsewhere
        return
    free = shutil.disk_usage(folder).free
    if free < size:
        hint = "without --built everything but the bytes of layers is told as well"
        what = f"the engine needs {size} bytes to send {tag}, and {free} are free in {folder}"
        raise OutsideError(what, hint=hint)


class _Stream(io.RawIOBase):
    """Chunks as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  as io declares it
        """Fill a buffer with what comes next; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _read(
    chunks: Iterable[bytes], weighed: Weighed | None
) -> tuple[dict[str, Any], dict[str, Content]]:
    """Return the JSON documents of an archive, and what lies in its layers, by name."""
    documents: dict[str, Any] = {}
    contents: dict[str, Content] = {}
    links: dict[str, str] = {}
    stream = io.BufferedReader(_Stream(chunks), buffer_size=READ)
    with tarfile.open(fileobj=stream, mode="r|", bufsize=BLOCK) as outer:
        for member in outer:
            if member.issym():
                links[member.name] = member.linkname.removeprefix("../")
            file = outer.extractfile(member) if member.isreg() else None
            if file is None:
                continue
            first = file.peek(1)[:1] if isinstance(file, io.BufferedReader) else b""
            if first in {b"{", b"["} and member.size <= MAX_JSON:
                documents[member.name] = json.loads(file.read())
            elif member.size and member.name.endswith((".tar", *_DIGITS)):
                contents[member.name] = _content(member, file, first, weighed)
    return documents, {
        **contents,
        **{name: contents[to] for name, to in links.items() if to in contents},
    }


_DIGITS = tuple("0123456789abcdef")


def _content(
    member: tarfile.TarInfo, file: IO[bytes], first: bytes, weighed: Weighed | None
) -> Content:
    """Return what lies in a layer; its weight as well where that is wanted."""
    if weighed is None:
        return _layer(file)
    if member.name not in weighed:
        if first in {mark[:1] for mark in _PACKED}:  # no tar begins so: that is a file's name
            found, weight = _layer(file), member.size
        else:
            with Scale(file) as scale:
                found = _layer(scale)
                weight = scale.weight()
        weighed[member.name] = msgspec.structs.replace(found, compressed_bytes=weight)
    return weighed[member.name]


def _layer(file: IO[bytes] | Scale) -> Content:
    """Return what lies in one layer."""
    known = [(row.what, re.compile(row.folder + "/")) for row in caches()]
    found: dict[str, int] = {}
    weights: dict[str, int] = {}
    status = None
    with tarfile.open(fileobj=file, mode="r|*", bufsize=BLOCK) as inner:
        for member in inner:
            if not member.isreg():
                continue
            path = "/" + member.name.removeprefix("./").lstrip("/")
            for what, pattern in known:
                if pattern.match(path):
                    found[what] = found.get(what, 0) + member.size
                    break
            if len(weights) < MAX_WEIGHTS and is_weights(path, member.size):
                weights[path] = member.size
            if path == STATUS and member.size <= MAX_STATUS:
                inside = inner.extractfile(member)
                status = inside.read().decode("utf-8", "replace") if inside else None
    return Content(caches=found, weights=weights, status=status)


def _described(documents: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the history of an image, and the names of its layers."""
    manifest = documents["manifest.json"][0]
    history = documents[manifest["Config"]].get("history") or []
    return [dict(row) for row in history], [str(name) for name in manifest["Layers"]]


def _layer_of(
    row: Mapping[str, Any], size: int, content: Content | None
) -> tuple[Layer, str | None]:
    layer = Layer(
        created_by=str(row.get("created_by") or ""),
        size_bytes=size,
        caches=content.caches if content else {},
        weights=content.weights if content else {},
        compressed_bytes=content.compressed_bytes if content else 0,
    )
    return layer, content.status if content else None
