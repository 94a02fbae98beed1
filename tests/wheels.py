"""Looking into what the index has, by way of uv: releases, and single members of their files."""

import atexit
import io
import re
import tarfile
import tempfile
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import requests
import tomlkit
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pruner.model import normalise
from pruner.sandbox import uv

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 256 * 1024
"""Bytes that are asked for at once: the directory of most wheels lies in one such piece."""
LARGE_CHUNK = 8 * 1024**2
"""The same where a whole library is read."""
AT_ONCE = 8


class Release:
    """One release: its name, its version, and the files that it has on the index."""

    def __init__(self, package: dict[str, Any]) -> None:
        self.name: str = package["name"]
        self.version: str = package["version"]
        self.wheels: list[str] = [wheel["url"] for wheel in package.get("wheels", ())]
        self.sdist: dict[str, Any] = package.get("sdist", {})

    def wheel(self, python: str) -> str | None:
        """Return the wheel for Linux on x86-64, else for anything, else whichever there is."""
        tag = re.compile(rf"-(cp{python.replace('.', '')}|cp3\d*-abi3|py[23.py]*)-", re.ASCII)
        fits = [url for url in self.wheels if tag.search(url)] or self.wheels
        linux = [url for url in fits if "linux" in url and "x86_64" in url]
        pure = [url for url in fits if url.endswith("-any.whl")]
        return next(iter(linux or pure or fits), None)


def releases(
    requirements: Sequence[str], *, python: str = "3.11", unbuilt: bool = False
) -> list[Release]:
    """Return what uv finds for requirements, none of which need fit another.

    With `unbuilt`, releases without a wheel are found as well, since uv then need not build them to
    learn what they require.
    """
    names = [normalise(re.split("[=<>]", line)[0]) for line in requirements]
    times = Counter(names)
    lines = [
        # A marker of its own lets several releases of one distribution stand side by side.
        f"{line} ; platform_version == '{n}'" if times[names[n]] > 1 else line
        for n, line in enumerate(requirements)
    ]
    tables = [{"name": name, "requires-dist": []} for name in times] if unbuilt else []
    with tempfile.TemporaryDirectory(prefix="pruner-index-") as name:
        folder = Path(name)
        settings = tomlkit.dumps({"dependency-metadata": tables} if tables else {})
        (folder / "uv.toml").write_text(settings, encoding="utf-8")
        (folder / "wanted.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        argv = ["pip", "compile", "wanted.txt", "--no-deps", "--universal", "--quiet"]
        argv += ["--no-header", "--python-version", python, "--no-python-downloads"]
        argv += ["--format", "pylock.toml", "--config-file", str(folder / "uv.toml")]
        pylock = tomllib.loads(uv.run(argv, what="index", cwd=folder))
    return [Release(package) for package in pylock["packages"]]


def at_once(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do work that waits for the index for several items at once; results in their order."""
    uv.binary()  # looks at sysconfig, which several threads cannot do first at the same time
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def files(release: Release, python: str = "3.11") -> set[str]:
    """Return the paths of the files of a release, as they would lie in site-packages.

    Those of a release without wheels are the source's; a folder around them is left out.
    """
    url = release.wheel(python)
    if url is not None:
        return {name for name in remote_wheel(url).namelist() if not name.endswith("/")}
    names = [name.partition("/")[2] for name in _names_in(release.sdist["url"])]
    return {re.sub(r"^(src|lib|python/\w+)/", "", name) for name in names}


def _names_in(url: str) -> list[str]:
    data = io.BytesIO(_read(url, ""))
    if url.endswith(".zip"):
        return zipfile.ZipFile(data).namelist()
    with tarfile.open(fileobj=data) as archive:
        return archive.getnames()


def remote_wheel(url: str, chunk: int = CHUNK) -> zipfile.ZipFile:
    """Open a remote wheel, of which only what is read is loaded."""
    return zipfile.ZipFile(io.BufferedReader(_Remote(url, chunk), chunk))


class _Remote(io.RawIOBase):
    """A file behind a URL, read in pieces; the server must serve ranges."""

    def __init__(self, url: str, chunk: int) -> None:
        super().__init__()
        self._url = url
        self._chunk = chunk
        self._at = 0
        self._piece = (-1, b"")
        self._size = _size(url)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  any buffer
        if self._at >= self._size:
            return 0
        number, skipped = divmod(self._at, self._chunk)
        if self._piece[0] != number:
            start = number * self._chunk
            end = min(start + self._chunk, self._size) - 1
            self._piece = (number, _read(self._url, f"bytes={start}-{end}"))
        data = self._piece[1][skipped : skipped + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _size(url: str) -> int:
    return int(_asked(url, "bytes=-1").headers["Content-Range"].rpartition("/")[2])


def _read(url: str, span: str) -> bytes:
    return _asked(url, span).content


def _asked(url: str, span: str) -> requests.Response:
    answer = _session().get(url, headers={"Range": span} if span else {}, timeout=60)
    answer.raise_for_status()
    assert not span or answer.status_code == 206, f"{url}: ranges are not served"
    return answer


@cache
def _session() -> requests.Session:
    """Return what keeps connections open: names are resolved once, and not for every piece."""
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"
    retry = Retry(total=3, backoff_factor=0.5)
    session.mount("https://", HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=retry))
    atexit.register(session.close)
    return session
