"""What is in first-party files: read once on a machine, then known by their content."""

import json
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from pruner.kept import Cache, digest
from pruner.model import Unreadable
from pruner.static.conditions import Version
from pruner.static.kept import PYTHON, VERSION
from pruner.static.naming import is_package
from pruner.static.sites import scan
from pruner.static.values import Scan

KIND = "scans"


class Text(NamedTuple):
    """A first-party file: the module that it is, and what it holds."""

    module: str
    content: bytes


class _Fact(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a file: one of the two."""

    scan: Scan | None = None
    unread: Unreadable | None = None

    def found(self) -> Scan | Unreadable:
        return self.scan or self.unread or Scan()


def scans(
    files: Mapping[str, Text], python: Version = (), cache: Cache | None = None
) -> dict[str, Scan | Unreadable]:
    """Return what is in each file, by path; with a cache only those are parsed that it lacks."""
    if cache is None:
        return {path: _scan(path, text, python) for path, text in files.items()}
    keys = {path: _key(path, text, python) for path, text in files.items()}
    known = cache.get(KIND, VERSION, keys.values())
    found: dict[str, Scan | Unreadable] = {}
    rows: dict[str, bytes] = {}
    for path, text in files.items():
        fact = _decoded(known.get(keys[path], b""))
        if fact is None:
            fact = _fact(_scan(path, text, python))
            rows[keys[path]] = msgspec.msgpack.encode(fact)
        found[path] = fact.found()
    cache.put(KIND, VERSION, rows)
    return found


def _scan(path: str, text: Text, python: Version) -> Scan | Unreadable:
    package = is_package(path)
    return scan(text.content, path, text.module, is_package=package, strings=True, python=python)


def _key(path: str, text: Text, python: Version) -> str:
    return json.dumps([digest(text.content), path, text.module, PYTHON, python])


def _fact(found: Scan | Unreadable) -> _Fact:
    return _Fact(scan=found) if isinstance(found, Scan) else _Fact(unread=found)


def _decoded(row: bytes) -> _Fact | None:
    try:
        return msgspec.msgpack.decode(row, type=_Fact)
    except msgspec.MsgspecError:
        return None
