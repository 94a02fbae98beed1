"""The lines of an event file, as types: version 3 of what `tracers/pruner_tracer.py` writes.

The first line of a file is a `Header`, an object. Every other line is an array `[kind, …]`, one of
the rows below. Decoding is strict: no other kind, no other length, no text longer than the bounds.
"""

from typing import Annotated

import msgspec

FORMAT = "pruner-events"
# Version 1: the header, and the kinds module, extension, library, attempt, dlopen, spawn, full.
# Version 2: the kinds open, connect and resolve; a spawned program is named by its absolute path.
# Version 3: the kind lookup.
VERSION = 3
# Which pruner wrote the versions that are no longer read.
WRITERS = dict.fromkeys((1, 2), "pruner 0.1.0 before its release")

MAX_TEXT_CHARS = 5_000  # the tracer's longest path, 4096, and a line number

_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]
_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]
_Time = Annotated[float, msgspec.Meta(ge=0)]


class Claim(msgspec.Struct, frozen=True):
    """What a first line says it is, whatever else is in it."""

    format: _Text
    version: _Number


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of a file that is ours."""

    format: _Text
    version: _Number
    pid: _Number
    ppid: _Number
    python: _Text
    implementation: _Text
    executable: _Text
    prefix: _Text
    argv: tuple[_Text, ...]
    started: _Time
    inherits: _Text | None


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Base of the events; the first element of the array is the kind."""


class Module(Row, frozen=True, tag="module"):
    """Code of a file that was run, or a name found in sys.modules."""

    name: _Text | None  # None: code run from a file by no import
    file: _Text | None  # None: built in, frozen, or a namespace package
    by: _Text | None


class Extension(Row, frozen=True, tag="extension"):
    """An extension module that was created from a file."""

    name: _Text
    file: _Text
    by: _Text | None


class Library(Row, frozen=True, tag="library"):
    """A file that was mapped executable."""

    file: _Text


class Attempt(Row, frozen=True, tag="attempt"):
    """A name that was looked up."""

    name: _Text
    by: _Text | None


class Dlopen(Row, frozen=True, tag="dlopen"):
    """A library that ctypes opened, by name or path."""

    what: _Text
    by: _Text | None


class Spawn(Row, frozen=True, tag="spawn"):
    """A program that was started: its absolute path, or a bare name that PATH does not lead to."""

    what: _Text
    by: _Text | None


class Open(Row, frozen=True, tag="open"):
    """A file below a folder of distributions that was opened for reading; it may not exist."""

    file: _Text
    by: _Text | None


class Lookup(Row, frozen=True, tag="lookup"):
    """A distribution whose metadata was asked for by name, whether or not there is one."""

    name: _Text  # as it was asked for, not normalised
    by: _Text | None


class Connect(Row, frozen=True, tag="connect"):
    """An internet address that a connection was tried to: "host:port", "[host]:port"."""

    what: _Text
    by: _Text | None


class Resolve(Row, frozen=True, tag="resolve"):
    """A host whose address was asked for."""

    what: _Text
    by: _Text | None


class Full(Row, frozen=True, tag="full"):
    """The process went on, the record does not."""


Event = (
    Module
    | Extension
    | Library
    | Attempt
    | Dlopen
    | Spawn
    | Open
    | Lookup
    | Connect
    | Resolve
    | Full
)

decode_event = msgspec.json.Decoder(Event).decode
decode_claim = msgspec.json.Decoder(Claim).decode
decode_header = msgspec.json.Decoder(Header).decode

# What a decoder raises on bytes that are not what it is for.
MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
