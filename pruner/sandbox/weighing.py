"""How many bytes a registry would move for an image."""

import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import IO, TYPE_CHECKING

from pruner.errors import OutsideError
from pruner.sandbox.engine import failing

if TYPE_CHECKING:
    from docker import DockerClient

PIECE = 4 << 20
"""Bytes that are compressed as one: pieces so large cost nothing, and every core has one."""
LEVEL = 6
"""What gzip, and so every engine, takes where nothing is said."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
READ = 1 << 20
PATIENCE = 1800
"""Seconds; 11 GB took more than a minute."""


def compressed_bytes(client: "DockerClient", tag: str, known: dict[str, int]) -> int:
    """Return the bytes of an image's layers, each compressed as a registry has it.

    A layer that the engine holds compressed counts as it is. `known` has those that were weighed
    before, by the name that an engine gives to a layer and what lies below it, and gets the others.
    """
    total = 0
    with failing(f"{tag} cannot be read"), _patient(client):
        stream = _Stream(client.images.get(tag).save(chunk_size=READ))
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.isreg() else None
                    if file is not None:
                        if member.name not in known:
                            known[member.name] = _weight(file)
                        total += known[member.name]
        except tarfile.TarError as error:
            raise OutsideError(f"{tag} cannot be read: {error}") from error
    return total


@contextmanager
def _patient(client: "DockerClient") -> Iterator[None]:
    """Wait longer for each answer: an engine may write the whole image before the first byte."""
    usual = client.api.timeout
    client.api.timeout = PATIENCE
    try:
        yield
    finally:
        client.api.timeout = usual


def _weight(file: IO[bytes]) -> int:
    head = file.read(READ)
    if head.startswith((GZIP, ZSTD)):
        return len(head) + sum(len(piece) for piece in _pieces(file, b""))
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores, thread_name_prefix="gzip") as pool:
        pieces = _pieces(file, head)
        total = 0
        while batch := list(islice(pieces, 2 * cores)):
            total += sum(pool.map(_compressed, batch))
        return total


def _pieces(file: IO[bytes], head: bytes) -> Iterator[bytes]:
    piece = head + file.read(max(0, PIECE - len(head)))
    while piece:
        yield piece
        piece = file.read(PIECE)


def _compressed(piece: bytes) -> int:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    return len(packer.compress(piece)) + len(packer.flush())


class _Stream(io.RawIOBase):
    """What an engine sends, as a file that can be read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer, at least in part; 0 at the end."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._held = memoryview(chunk)
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size
