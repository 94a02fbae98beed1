"""Whether a wheel on an index is what is installed: its RECORD against the installed one.

What hash a wheel had is kept nowhere once it is installed, but its RECORD is inside it, with the
hash of every file. Of a large wheel only the end is fetched, where the server can do that.
"""

import csv
import posixpath
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pruner.errors import OutsideError
from pruner.model import Distribution
from pruner.sandbox.engine import certificates

CHUNK = 1 << 20
MOST_BYTES = 512 << 20
"""Of a wheel that has to be fetched whole."""

MOST_RECORD = 64 << 20
TIMEOUT = 60.0
PARTIAL = 206


def is_installed(dist: Distribution, url: str) -> bool:
    """Return whether all that a wheel's RECORD lists is on the disk as the installed one says.

    False as well where the wheel cannot be read. What an installer moves or writes itself does not
    count. Raises OutsideError where the index does not answer.
    """
    listed = dict(_record(url))
    folder = _folder(dist)
    there = {file.path: file.sha256 for file in dist.files}
    return bool(listed) and all(
        there.get(posixpath.join(folder, path)) == digest for path, digest in listed.items()
    )


def _folder(dist: Distribution) -> str:
    record = next((f.path for f in dist.files if f.path.endswith(".dist-info/RECORD")), "")
    return posixpath.dirname(posixpath.dirname(record))


def _record(url: str) -> Iterator[tuple[str, str]]:
    """Yield path and hash of what stands in a wheel's RECORD and is installed as it is."""
    try:
        with zipfile.ZipFile(_opened(url)) as wheel:
            info = next(i for i in wheel.infolist() if i.filename.endswith(".dist-info/RECORD"))
            if info.file_size > MOST_RECORD:
                return
            text = wheel.read(info).decode("utf-8", "replace")
    except (zipfile.BadZipFile, StopIteration, NotImplementedError, RuntimeError, EOFError):
        return
    for row in csv.reader(text.splitlines()):
        if len(row) > 1 and row[1].startswith("sha256=") and ".data/" not in row[0]:
            yield row[0], row[1].removeprefix("sha256=")


def _opened(url: str) -> "BytesIO | _Remote":
    parts = urlsplit(url)
    if parts.scheme == "file":
        return BytesIO(Path(unquote(parts.path)).read_bytes())
    return _Remote(url)


class _Remote(BytesIO):
    """A file behind a URL: what is read of it is fetched, a chunk at a time, from the end."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._chunks: dict[int, bytes] = {}
        self._at = 0
        self._size = self._fetch_end()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._size, self._at + size)
        found = b"".join(self._chunk(n) for n in range(self._at // CHUNK, -(-end // CHUNK)))
        start = self._at - self._at // CHUNK * CHUNK
        found = found[start : start + max(0, end - self._at)]
        self._at += len(found)
        return found

    def _chunk(self, number: int) -> bytes:
        if number not in self._chunks:
            last = min(self._size, (number + 1) * CHUNK) - 1
            data, _ = _get(self._url, f"bytes={number * CHUNK}-{last}")
            self._chunks[number] = data
        return self._chunks[number]

    def _fetch_end(self) -> int:
        """Return the size; of a server that sends no parts, the whole file is kept."""
        data, size = _get(self._url, "bytes=-1")
        if size is None:
            self._chunks = {
                n: data[n * CHUNK : (n + 1) * CHUNK] for n in range(len(data) // CHUNK + 1)
            }
            return len(data)
        return size


def _get(url: str, part: str) -> tuple[bytes, int | None]:
    """Fetch a part of a file, and its whole size; None: the server sent all of it."""
    import requests  # noqa: PLC0415  only where two indexes offer the same version

    try:
        headers, verify = {"Range": part}, str(certificates() or "") or True
        with requests.get(
            url, headers=headers, timeout=TIMEOUT, stream=True, verify=verify
        ) as answer:
            answer.raise_for_status()
            partial = answer.status_code == PARTIAL
            data = b""
            for block in answer.iter_content(CHUNK):
                data += block
                if len(data) > MOST_BYTES:
                    what = f"{url} is larger than {MOST_BYTES} bytes"
                    raise OutsideError(what, hint="see whether the index is the right one")
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    except requests.RequestException as error:
        what = f"cannot read {url}: {type(error).__name__}"
        raise OutsideError(what, hint="see whether the index can be reached") from error
    return data, int(total) if partial and total.isdecimal() else None
