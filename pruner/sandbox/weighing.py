"""How many bytes a registry would move for a layer."""

import io
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any, Self

from zlib_ng import zlib_ng

PIECE = 4 << 20
"""Bytes that are compressed as one: pieces so large cost nothing, and every core has one."""
LEVEL = 7
"""The level whose sizes are nearest to those of zlib's 6, which engines take: 1 % above them."""


class Scale(io.RawIOBase):
    """A file that is read through it, and that is compressed on the way to know its weight."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._piece = bytearray()
        self._total = 0
        cores = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="gzip")
        self._waiting: deque[Future[int]] = deque()
        self._most = 2 * cores  # so much is held in memory, and no more

    def readable(self) -> bool:
        """Return that it can be."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  as io declares it
        """Fill a buffer with what comes next; 0 at the end."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._piece += data
        if len(self._piece) >= PIECE:
            self._send()
        return len(data)

    def weight(self) -> int:
        """Read what is left, and return the bytes that all of it takes through gzip."""
        while self.read(PIECE):
            pass
        self._send()
        while self._waiting:
            self._total += self._waiting.popleft().result()
        return self._total

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def _send(self) -> None:
        piece, self._piece = bytes(self._piece), bytearray()
        self._waiting.append(self._pool.submit(_compressed, piece))
        if len(self._waiting) > self._most:
            self._total += self._waiting.popleft().result()


def _compressed(piece: bytes) -> int:
    if not piece:
        return 0
    packer = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, 31)
    return len(packer.compress(piece)) + len(packer.flush())
