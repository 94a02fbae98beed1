"""Read what the tracer of a sandbox wrote, and trust none of it.

The folder holds one file a process, `<pid>-<8 hex>.events`: a header object, then one JSON array a
line, `[kind, …]`; and `<pid>.<start>.off`, the empty markers of processes that were switched off.
The format is versioned in `tracers/pruner_tracer.py`. The agent can write there as well, so every
byte is bounded, typed and checked before it becomes a value; what does not fit is an `OutsideError`
that names file and line. Only texts that no report could show or no file could have are dropped
instead, and counted: control characters, and paths that are not absolute or have `..` in them.
"""

import os
import re
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from sys import getsizeof
from typing import Any, BinaryIO, TypeVar

from pruner.errors import OutsideError, SandboxError
from pruner.model import Attempt, Loaded, Value
from pruner.trace import rows
from pruner.trace.texts import is_fit, is_path, shown

MAX_PROCESSES = 10_000
MAX_FILE_BYTES = 256 << 20
MAX_TOTAL_BYTES = 1 << 30
MAX_LINE_BYTES = 256 << 10
MAX_DISTINCT = 200_000  # modules, lookups, libraries, programs, opened files and hosts, in all
MAX_KEPT_BYTES = 48 << 20  # of memory that their texts may take
MAX_SEEN_BYTES = 24 << 20  # and lines that are remembered: what each worker repeats is read once
MAX_ARGS = 20
SLOT_BYTES = 64  # of a set, for one line
BLOCK_BYTES = 64 << 10

_NAME = re.compile(r"([1-9][0-9]{0,9})-[0-9a-f]{8}\.events", re.ASCII)
_MARKER = re.compile(r"[1-9][0-9]{0,9}\.[0-9]{1,20}\.off", re.ASCII)
_METADATA = re.compile(r"\.(?:dist|egg)-info/")
_HINT = "the agent, or something beside it, has written there; run the trace again"

T = TypeVar("T")


class Process(Value, frozen=True):
    """The interpreter that wrote one file; a fork has its parent's file in `inherits`."""

    pid: int
    ppid: int
    python: str  # "3.11.7"
    executable: str
    argv: tuple[str, ...]  # at most MAX_ARGS of 400 characters each
    implementation: str
    prefix: str
    started: float  # seconds since the epoch
    inherits: str | None


class Named(Value, frozen=True):
    """What the agent named: a library, a program, a distribution, a host."""

    what: str
    by: str | None = None  # "path:line"


class Events(Value, frozen=True):
    """What all processes of one run loaded, each thing once, sorted.

    `attempts` are the lookups that no load followed at once; a name that was loaded without one
    has its proof in `loaded`. Of `opened_files`, metadata stands once for each line that read it.
    """

    processes: tuple[Process, ...] = ()
    loaded: tuple[Loaded, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    opened: tuple[Named, ...] = ()
    spawned: tuple[Named, ...] = ()
    opened_files: tuple[Loaded, ...] = ()  # of the kinds "data" and "metadata"
    lookups: tuple[Named, ...] = ()  # distributions, once for each line that asked
    connections: tuple[Named, ...] = ()  # "host:port", "[host]:port"
    resolved: tuple[Named, ...] = ()  # hosts
    torn: tuple[str, ...] = ()  # files that do not end where their process did: cut off, or full
    dropped: int = 0  # events, or the `by` of one, with a path or name that nothing can have


def read_events(folder: Path) -> Events:
    """Read all event files of a folder.

    Raises OutsideError where the folder cannot be read, holds anything but event files and
    markers, or a file is not ours, is malformed before its last line, or passes a bound.
    """
    reader = _Reader(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            reader.read_all(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SandboxError(f"cannot read the events in {folder}: {error.strerror}") from error
    return reader.events()


class _Reader:
    """Gathers the events of one folder; a first `by` stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []
        self.total = 0
        self.dropped = 0
        self.kept = self.kept_bytes = 0
        self.seen: set[bytes] = set()  # lines that change nothing when they come again
        self.seen_bytes = 0
        self.processes: list[Process] = []
        self.torn: list[str] = []
        self.known: set[str] = set()  # names of everything that was loaded, with a file or without
        self.loaded: dict[tuple[str, str, str], str | None] = {}
        self.attempts: dict[str, str | None] = {}
        self.opened: dict[str, str | None] = {}
        self.spawned: dict[str, str | None] = {}
        self.connections: dict[str, str | None] = {}
        self.resolved: dict[str, str | None] = {}
        self.opened_files: set[tuple[str, str]] = set()  # file, and who asked or ""
        self.lookups: set[tuple[str, str]] = set()  # distribution, and who asked or ""
        self.handlers: dict[type[rows.Row], Callable[[Any], None]] = {
            rows.Module: self.on_module,
            rows.Extension: self.on_extension,
            rows.Library: self.on_library,
            rows.Attempt: lambda row: self.note(self.attempts, row.name, row.by),
            rows.Dlopen: lambda row: self.note(self.opened, row.what, row.by),
            rows.Spawn: lambda row: self.note(self.spawned, row.what, row.by),
            rows.Open: lambda row: self.ask(self.opened_files, row.file, row.by, is_path),
            rows.Lookup: lambda row: self.ask(self.lookups, row.name, row.by, is_fit),
            rows.Connect: lambda row: self.note(self.connections, row.what, row.by),
            rows.Resolve: lambda row: self.note(self.resolved, row.what, row.by),
        }

    # --- files ---

    def read_all(self, descriptor: int) -> None:
        """Read every event file below an open folder, in the order of their process ids."""
        self.names = self.listed(descriptor)
        for name in self.names:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=descriptor), "rb") as stream:
                self.read_one(name, stream)

    def listed(self, descriptor: int) -> list[str]:
        """Return the names of the event files; anything that does not belong there is an error."""
        names: list[str] = []
        with os.scandir(descriptor) as entries:
            for count, entry in enumerate(entries):
                if count >= 2 * MAX_PROCESSES or len(names) >= MAX_PROCESSES:
                    raise self.error(f"more than {MAX_PROCESSES} processes (MAX_PROCESSES)")
                if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                    raise self.error(f"{entry.name!a} is not a regular file")
                if _NAME.fullmatch(entry.name):
                    names.append(entry.name)
                elif not _MARKER.fullmatch(entry.name):
                    raise self.error(f"{entry.name!a} is no event file")
        return sorted(names, key=lambda name: (int(name.partition("-")[0]), name))

    def read_one(self, name: str, stream: BinaryIO) -> None:
        """Read one file; it is torn where it has no line, or a last one without its end."""
        number, full, cut = 0, False, True
        for lines, rest in self.blocks(name, stream):
            cut = rest != b""
            for line in lines:
                number += 1
                if line in self.seen and number > 1 and not full:
                    continue
                if full:
                    raise self.error(f"line {number} comes after the last", name)
                full = self.take(name, number, line)
        if full or cut:
            self.torn.append(name)

    def blocks(self, name: str, stream: BinaryIO) -> Iterator[tuple[list[bytes], bytes]]:
        """Yield lines within the bounds, a block of them at a time, and what follows the last."""
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise self.error("not a regular file", name)
        size = 0
        rest = b""
        while block := stream.read(BLOCK_BYTES):
            size += len(block)
            *lines, rest = (rest + block).split(b"\n")
            if max(map(len, (*lines, rest))) >= MAX_LINE_BYTES:
                raise self.error(
                    f"a line of more than {MAX_LINE_BYTES} bytes (MAX_LINE_BYTES)", name
                )
            if size > MAX_FILE_BYTES:
                raise self.error(f"more than {MAX_FILE_BYTES} bytes (MAX_FILE_BYTES)", name)
            if self.total + size > MAX_TOTAL_BYTES:
                raise self.error(f"more than {MAX_TOTAL_BYTES} bytes in all (MAX_TOTAL_BYTES)")
            yield lines, rest
        self.total += size

    def take(self, name: str, number: int, line: bytes) -> bool:
        """Read one line; return whether nothing may follow it."""
        if number == 1:
            self.begin(name, line)
            return False
        try:
            row = rows.decode_event(line)
        except rows.MALFORMED as error:
            raise self.error(f"line {number} is no event: {shown(str(error))}", name) from None
        if type(row) is rows.Full:
            return True
        dropped = self.dropped
        self.handlers[type(row)](row)
        if dropped == self.dropped and self.seen_bytes < MAX_SEEN_BYTES:
            self.seen.add(line)
            self.seen_bytes += getsizeof(line) + SLOT_BYTES
        return False

    def begin(self, name: str, line: bytes) -> None:
        """Read the header, the first line of a file."""
        try:
            claim = rows.decode_claim(line)
            if (claim.format, claim.version) != (rows.FORMAT, rows.VERSION):
                raise self.version(name, claim)
            header = rows.decode_header(line)
        except rows.MALFORMED as error:
            message = f"line 1 is not the header of an event file: {shown(str(error))}"
            raise self.error(message, name) from None
        if header.pid != int(name.partition("-")[0]):
            raise self.error(f"line 1 says process {header.pid}", name)
        if header.inherits is not None and header.inherits not in self.names:
            raise self.error(f"goes on from {header.inherits!a}, which is not there", name)
        process = _process(header)
        self.weigh(*process.argv, process.executable, process.prefix, process.python)
        self.processes.append(process)

    def version(self, name: str, claim: rows.Claim) -> OutsideError:
        """Return the error that says which formats do not match."""
        found = f"{shown(claim.format)} version {claim.version}"
        writer = rows.WRITERS.get(claim.version) if claim.format == rows.FORMAT else None
        wrote = f", which {writer} wrote" if writer else ""
        return self.error(
            f"line 1 says {found}{wrote}; this pruner reads {rows.FORMAT} version {rows.VERSION}",
            name,
        )

    def error(self, message: str, name: str | None = None) -> OutsideError:
        """Return an error about the folder, or about one of its files."""
        where = self.folder / name if name else self.folder
        return OutsideError(f"{where}: {message}", hint=_HINT)

    # --- events ---

    def on_module(self, row: rows.Module) -> None:
        """Keep a module; without a file it only tells that its name was found."""
        if row.name is not None:
            self.know(row.name)
        if row.file is not None:
            what = row.name if row.name is not None else row.file.rpartition("/")[2]
            self.load("module", what, row.file, row.by)

    def on_extension(self, row: rows.Extension) -> None:
        """Keep an extension module."""
        self.know(row.name)
        self.load("extension", row.name, row.file, row.by)

    def on_library(self, row: rows.Library) -> None:
        """Keep a mapped file."""
        self.load("library", row.file.rpartition("/")[2], row.file, None)

    def know(self, name: str) -> None:
        """Remember that a name was found."""
        if name not in self.known:
            self.bound(name)
            self.known.add(name)

    def load(self, kind: str, what: str, file: str, by: str | None) -> None:
        """Keep one loaded file, the first time."""
        key = (kind, what, file)
        if key in self.loaded:
            self.explain(self.loaded, key, by)
        elif is_fit(what) and is_path(file):
            self.bound(what, file, by)
            self.loaded[key] = self.checked(by)
        else:
            self.dropped += 1

    def note(self, names: dict[str, str | None], name: str, by: str | None) -> None:
        """Keep one name, the first time."""
        if name in names:
            self.explain(names, name, by)
        elif is_fit(name):
            self.bound(name, by)
            names[name] = self.checked(by)
        else:
            self.dropped += 1

    def ask(
        self, asked: set[tuple[str, str]], what: str, by: str | None, fits: Callable[[str], bool]
    ) -> None:
        """Keep what was asked for, once for each line that asked."""
        if not fits(what):
            self.dropped += 1
            return
        key = (what, self.checked(by) or "")
        if key not in asked:
            self.bound(what, *key)  # a file's name is made from its path
            asked.add(key)

    def explain(self, gathered: dict[T, str | None], key: T, by: str | None) -> None:
        """Add who asked for a thing that was kept without."""
        if by is not None and gathered[key] is None:
            self.weigh(by)
            gathered[key] = self.checked(by)

    def bound(self, *texts: str | None) -> None:
        """Count one more thing to keep; refuse it where they are too many, or too long in all."""
        self.kept += 1
        if self.kept > MAX_DISTINCT:
            raise self.error(f"more than {MAX_DISTINCT} different names (MAX_DISTINCT)")
        self.weigh(*texts)

    def weigh(self, *texts: str | None) -> None:
        """Count the memory of texts; refuse them where it is too much."""
        self.kept_bytes += sum(map(getsizeof, texts))
        if self.kept_bytes > MAX_KEPT_BYTES:
            raise self.error(f"names of more than {MAX_KEPT_BYTES} bytes (MAX_KEPT_BYTES)")

    def checked(self, by: str | None) -> str | None:
        """Return a `by` that can be shown, or None."""
        if by is None or is_fit(by):
            return by
        self.dropped += 1
        return None

    def events(self) -> Events:
        """Return what was gathered."""
        self.seen.clear()  # the peak of memory is here
        known = sorted(self.known)
        return Events(
            processes=tuple(self.processes),
            loaded=tuple(
                Loaded(kind=kind, what=what, file=file, by=by or self.opener(kind, what, file))
                for (kind, what, file), by in sorted(self.loaded.items(), key=itemgetter(0))
            ),
            attempts=tuple(
                Attempt(module=name, by=by, failed=not _is_found(name, known))
                for name, by in sorted(self.attempts.items(), key=itemgetter(0))
            ),
            opened=_named(self.opened),
            spawned=_named(self.spawned),
            opened_files=_opened(self.opened_files),
            lookups=tuple(Named(what=what, by=by or None) for what, by in sorted(self.lookups)),
            connections=_named(self.connections),
            resolved=_named(self.resolved),
            torn=tuple(self.torn),
            dropped=self.dropped,
        )

    def opener(self, kind: str, what: str, file: str) -> str | None:
        """Return who opened a library by its name or path, if ctypes did."""
        return (self.opened.get(file) or self.opened.get(what)) if kind == "library" else None


def _is_found(name: str, known: list[str]) -> bool:
    """Tell whether a name, or something below it, is among the sorted ones."""
    for least in (name, name + "."):
        at = bisect_left(known, least)
        if at < len(known) and (known[at] == name or known[at].startswith(name + ".")):
            return True
    return False


def _process(header: rows.Header) -> Process:
    return Process(
        pid=header.pid,
        ppid=header.ppid,
        python=shown(header.python),
        executable=shown(header.executable),
        argv=tuple(map(shown, header.argv[:MAX_ARGS])),
        implementation=shown(header.implementation),
        prefix=shown(header.prefix),
        started=header.started,
        inherits=header.inherits,
    )


def _named(names: dict[str, str | None]) -> tuple[Named, ...]:
    return tuple(Named(what=what, by=by) for what, by in sorted(names.items(), key=itemgetter(0)))


def _opened(files: set[tuple[str, str]]) -> tuple[Loaded, ...]:
    """Return the opened files, sorted; of data only one line that asked."""
    found: dict[tuple[str, str], Loaded] = {}
    for file, by in sorted(files):
        kind = "metadata" if _METADATA.search(file) else "data"
        item = Loaded(kind=kind, what=file.rpartition("/")[2], file=file, by=by or None)
        key = (file, by if kind == "metadata" else "")
        if key not in found or found[key].by is None:
            found[key] = item
    return tuple(found.values())
