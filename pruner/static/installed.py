"""The imports of installed files: read once on a machine, then known by their content.

A file is known by the sha256 of what it really holds. RECORD's hash is what is looked up, and a
file whose content is not what its RECORD says is read again each time: a wrong RECORD never puts
its own answer in the place of another file's.
"""

import gc
import json
import multiprocessing
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import msgspec

from pruner.analysis.callers import Mentions
from pruner.analysis.installed import Site, Sites, Source, Use
from pruner.errors import OutsideError, SandboxError
from pruner.kept import Cache, digest
from pruner.model import ImportSite, Unreadable
from pruner.static.conditions import Version
from pruner.static.kept import PYTHON, VERSION
from pruner.static.lazy import lazy_names
from pruner.static.questions import as_probes, lazy_line
from pruner.static.sites import located_uses, named, scan
from pruner.static.values import Scan

KIND = "imports"
MENTIONS = "mentions"
FETCH_BYTES = 48 << 20
"""Bytes, by RECORD, that are fetched at once: they are held in memory."""
FILE_BYTES = 8 << 20
TOTAL_BYTES = 256 << 20
"""The bounds of tracers/collect.py, per file and in all."""
LINE_BYTES = 16_384
"""Bytes of a header: a path of 4096 bytes, escaped, fits."""
WORTH_PROCESSES = 4 << 20
"""Bytes of source above which a second process pays for its start."""

Read = Sites | Unreadable
Fetch = Callable[[Sequence[str]], Mapping[str, bytes | str]]
"""From paths to what the files hold, or why they could not be read. A path may be missing."""


class _Fact(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a file: its sites; the line and the reason where it cannot be parsed."""

    sites: Sites | None = None
    line: int = 0
    why: str = ""

    def of(self, path: str) -> Read:
        """Return the fact as what is known of the file at a path."""
        unread = Unreadable(path=path, line=self.line, why=self.why) if self.why else None
        if self.sites is None:
            return unread or Sites()
        return msgspec.structs.replace(self.sites, unread=unread) if unread else self.sites


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of the names in a file: None where it cannot be parsed."""

    mentions: Mentions | None = None


_Job = tuple[Source, bytes, Version]
_RowOf = Callable[[_Job], bytes]
_F = TypeVar("_F", _Fact, _Told)


class Installed:
    """Reads installed files through a cache; `fetch` is asked only for what is not in it.

    `python` is the version of the interpreter that they are installed for: see `scan`.
    """

    def __init__(self, cache: Cache, fetch: Fetch, python: Version = ()) -> None:
        self._cache = cache
        self._python = python
        self._fetch = fetch

    def sites_of(self, sources: Sequence[Source]) -> dict[str, Read]:
        """Return the imports of each file, or why it could not be read, by path."""
        rows, lost = self._rows(KIND, row_of, _Fact, sources)
        return {path: fact.of(path) for path, fact in rows.items()} | lost

    def mentions_of(self, sources: Sequence[Source]) -> dict[str, Mentions]:
        """Return what each file mentions, by path; one that cannot be read is missing."""
        rows, _ = self._rows(MENTIONS, names_of, _Told, sources)
        return {path: told.mentions for path, told in rows.items() if told.mentions is not None}

    def uses_of(self, sources: Sequence[Source]) -> dict[str, tuple[Use, ...]]:
        """Return what each file reads off modules, by path; those are few, and none is kept."""
        return {
            source.path: located_uses(content, source, self._python)
            for batch in _batches(sources)
            for data in [self._fetch([source.path for source in batch])]
            for source in batch
            if isinstance(content := data.get(source.path), bytes)
        }

    def _rows(
        self, kind: str, row_of: _RowOf, fact: type[_F], sources: Sequence[Source]
    ) -> tuple[dict[str, _F], dict[str, Unreadable]]:
        """Return facts of one kind by path, and of the other files why they cannot be read."""
        keys = {each.path: self._key(each, each.sha256) for each in sources if each.sha256}
        rows = self._cache.get(kind, VERSION, keys.values())
        found = {path: _decoded(rows[key], fact) for path, key in keys.items() if key in rows}
        known = {path: row for path, row in found.items() if row is not None}
        lost: dict[str, Unreadable] = {}
        for batch in _batches([source for source in sources if source.path not in known]):
            read, unread = self._fetched(batch)
            lost |= unread
            new: dict[str, bytes] = {}
            for job, row in zip(read, _rows(read, row_of), strict=True):
                source, content, _ = job
                new[self._key(source, digest(content))] = row
                known[source.path] = msgspec.msgpack.decode(row, type=fact)
            self._cache.put(kind, VERSION, new)
        return known, lost

    def _fetched(self, sources: Sequence[Source]) -> tuple[list[_Job], dict[str, Unreadable]]:
        data = self._fetch([source.path for source in sources])
        jobs: list[_Job] = []
        lost: dict[str, Unreadable] = {}
        for source in sources:
            match data.get(source.path, "it was not fetched"):
                case bytes(content):
                    jobs.append((source, content, self._python))
                case why:
                    lost[source.path] = Unreadable(path=source.path, line=1, why=why)
        return jobs, lost

    def _key(self, source: Source, sha256: str | None) -> str:
        return json.dumps([sha256, source.module, source.is_package, PYTHON, self._python])


def read_collected(path: Path, asked: Iterable[str]) -> dict[str, bytes | str]:
    """Return what tracers/collect.py wrote: the content of each path, or why there is none.

    Raises OutsideError where the file is not what it writes: another path than was asked for, one
    given twice, more bytes than the bounds, or a torn end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _broken("it is not a regular file")
            return dict(_frames(file, set(asked)))
    except OSError as error:
        raise _broken(str(error)) from error


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    size: Annotated[int, msgspec.Meta(ge=0, le=FILE_BYTES)] | None = None
    error: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


def _frames(file: BinaryIO, asked: set[str]) -> Iterator[tuple[str, bytes | str]]:
    left = TOTAL_BYTES
    while line := file.readline(LINE_BYTES):
        header = _header(line)
        if header.path not in asked:
            raise _broken(f"it answers what was not asked, or twice: {header.path!r}")
        asked.discard(header.path)
        if header.size is None:
            yield header.path, _printable(header.error or "")
            continue
        left -= header.size
        data = file.read(header.size) if left >= 0 else b""
        if len(data) != header.size:
            raise _broken("it is cut off" if left >= 0 else "it is too large")
        yield header.path, data


def _header(line: bytes) -> _Header:
    try:
        header = msgspec.json.decode(line, type=_Header)
    except msgspec.MsgspecError as error:
        raise _broken(str(error)) from error
    if not line.endswith(b"\n") or (header.size is None) == (header.error is None):
        raise _broken("a header is cut off, or says neither a size nor an error, or both")
    return header


def _broken(why: str) -> SandboxError:
    return SandboxError(f"the files that a sandbox collected cannot be read: {why}")


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _decoded(row: bytes, fact: type[_F]) -> _F | None:
    try:
        return msgspec.msgpack.decode(row, type=fact)
    except msgspec.MsgspecError:
        return None


def _batches(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Yield the sources in portions that may be held in memory."""
    portion: list[Source] = []
    size = 0
    for source in sources:
        if portion and size + source.size > FETCH_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(source)
        size += source.size
    if portion:
        yield portion


def _rows(jobs: Sequence[_Job], row_of: _RowOf) -> list[bytes]:
    """Return the facts about files, encoded, with as many processes as pay."""
    workers = min(2, os.cpu_count() or 1)
    if workers < 2 or sum(len(data) for _, data, _ in jobs) < WORTH_PROCESSES:  # noqa: PLR2004
        return [row_of(job) for job in jobs]
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, initializer=gc.disable) as pool:
            return list(pool.map(row_of, jobs, chunksize=25))
    except BrokenProcessPool as error:
        what = f"a process that reads installed files was ended: {error}"
        raise OutsideError(what, hint="see whether memory was short, and run it again") from error


def row_of(job: _Job) -> bytes:
    """Return what is kept of one file, from its content."""
    source, content, python = job
    text = as_probes(content)
    result = _scan(text, source, python)
    if text is not content and (isinstance(result, Unreadable) or result.unread):
        result = _scan(content, source, python)
    if isinstance(result, Unreadable):
        return msgspec.msgpack.encode(_Fact(line=result.line, why=result.why))
    rows = tuple(dict.fromkeys(map(_site, result.sites)))
    lazy = lazy_line(content) if source.is_package else 0
    names = lazy_names(content, source.module) if lazy else {}
    sites = Sites(rows, lazy, names, result.asks)
    unread = result.unread
    fact = _Fact(sites, unread.line, unread.why) if unread else _Fact(sites)
    return msgspec.msgpack.encode(fact)


def names_of(job: _Job) -> bytes:
    """Return what is kept of the names in one file, from its content."""
    source, content, python = job
    return msgspec.msgpack.encode(_Told(named(content, source, python)))


def _scan(text: bytes, source: Source, python: Version) -> Scan | Unreadable:
    return scan(text, source.path, source.module, is_package=source.is_package, python=python)


def _site(site: ImportSite) -> Site:
    return Site(
        line=site.line,
        module=site.module,
        symbol=site.symbol,
        guard=site.guard,
        dynamic=site.dynamic,
        platform=site.platform,
        deferred=site.deferred,
        gpu=site.gpu,
    )
