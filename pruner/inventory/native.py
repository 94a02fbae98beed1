"""From what tracers/native.py printed in a sandbox to the Linkage of every library; cached."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

import msgspec

from pruner.analysis.linkage import Linkage, is_library
from pruner.analysis.system import Machine
from pruner.errors import SandboxError
from pruner.inventory.facts import Facts
from pruner.model import Inventory, OwnedFile

VERSION = 3
"""The format that tracers/native.py prints."""
KIND = "native"
MEANING = 3
"""What a kept fact means, to be counted up whenever the tracer reads something else."""
LONGEST = 4096

_Name = Annotated[str, msgspec.Meta(max_length=LONGEST)]
_Names = Annotated[tuple[_Name, ...], msgspec.Meta(max_length=1024)]
_Symbol = Annotated[
    str, msgspec.Meta(pattern=r"^(GLIBC|GLIBCXX|CXXABI)_[0-9]{1,4}(\.[0-9]{1,4}){0,3}\Z")
]
_Symbols = Annotated[tuple[_Symbol, ...], msgspec.Meta(max_length=3)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: int | None = None
    soname: _Name | None = None
    needed: _Names = ()
    rpath: _Names = ()
    dlopens: _Names = ()
    placed: _Names = ()
    versions: Annotated[dict[_Name, _Symbols], msgspec.Meta(max_length=1024)] = {}
    machine: Machine | None = None
    error: _Name = ""


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    files: dict[str, _Row]


def libraries(inventory: Inventory) -> list[OwnedFile]:
    """Return the files of distributions that are shared libraries by their names, each once.

    Where several RECORDs list a file, its hash is the one on disk; one that was changed since it
    was installed has none.
    """
    found: dict[str, OwnedFile] = {}
    for dist in inventory.distributions:
        for file in dist.files:
            if not is_library(file.path):
                continue
            said = None if file.path in inventory.changed else file.sha256
            digest = inventory.on_disk.get(file.path, said)
            if file.path not in found or file.sha256 == digest:
                size = file.size if file.sha256 == digest else None
                found[file.path] = OwnedFile(file.path, digest, size)
    return [found[path] for path in sorted(found)]


def parse(stdout: bytes) -> dict[str, Linkage]:
    """Return what tracers/native.py printed, by path; names that cannot be shown are dropped.

    Raises OutsideError where it is not what our own reader prints.
    """
    return {path: _linkage(row) for path, row in _decoded(stdout).items()}


def linkage(
    inventory: Inventory, run: Callable[[Sequence[str]], bytes], facts: Facts
) -> tuple[dict[str, Linkage], tuple[str, ...]]:
    """Return the Linkage of every installed library by path, and notes on what went wrong.

    `run` has tracers/native.py read the files of some absolute paths in the sandbox, and returns
    what it printed. It is called once, for what no earlier run has kept, or not at all. A library
    that could not be read has an `error`. Raises OutsideError as `parse` does.
    """
    files = libraries(inventory)
    scopes = _scopes(inventory)
    keys = {file.path: _key(file, scopes[file.path]) for file in files}
    kept = _kept(facts, (key for key in keys.values() if key))
    found = {path: kept[key] for path, key in keys.items() if key in kept}
    missing = [file for file in files if file.path not in found]
    if missing:
        rows = _decoded(run([file.path for file in missing]))
        answered = {file.path: rows.get(file.path, _Row(error="no answer")) for file in missing}
        found |= {path: _linkage(row) for path, row in answered.items()}
        facts.put(KIND, MEANING, _worth_keeping(missing, answered, keys))
    return dict(sorted(found.items())), _notes(found)


def _decoded(stdout: bytes) -> dict[str, _Row]:
    try:
        answer = msgspec.json.decode(stdout, type=_Answer)
    except msgspec.MsgspecError as error:
        raise SandboxError(f"what libraries need cannot be read: {error}") from error
    if answer.version != VERSION:
        raise SandboxError(f"what libraries need has version {answer.version}, not {VERSION}")
    return answer.files


def _linkage(row: _Row) -> Linkage:
    return Linkage(
        soname=next(iter(_shown([row.soname or ""])), None),
        needed=_shown(row.needed),
        rpath=_shown(row.rpath),
        dlopens=_shown(row.dlopens),
        placed=_shown(row.placed),
        versions={name: of for name, of in row.versions.items() if name.isprintable()},
        machine=row.machine,
        error="".join(char for char in row.error if char.isprintable())[:200],
    )


def _shown(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name and name.isprintable())


def _scopes(inventory: Inventory) -> dict[str, str]:
    """Return whose RECORD speaks for a library: path -> "name-version"."""
    return {
        file.path: f"{dist.key}-{dist.version}"
        for dist in reversed(inventory.distributions)
        for file in dist.files
        if is_library(file.path)
    }


def _key(file: OwnedFile, scope: str) -> str | None:
    """Return what a fact is found by, or None where RECORD has no hash.

    The hash is RECORD's and was not checked, so one that lies must not speak for the files of
    another distribution: the key says whose it is.
    """
    known = file.sha256 and file.size is not None
    return f"{scope}-{file.sha256}-{file.size}" if known else None


def _kept(facts: Facts, keys: Iterable[str]) -> dict[str | None, Linkage]:
    found: dict[str | None, Linkage] = {}
    for key, data in facts.get(KIND, MEANING, keys).items():
        try:
            found[key] = msgspec.json.decode(data, type=Linkage)
        except msgspec.MsgspecError:
            continue
    return found


def _worth_keeping(
    files: Iterable[OwnedFile], rows: Mapping[str, _Row], keys: Mapping[str, str | None]
) -> dict[str, bytes]:
    """Return facts by key, of files that are as long as RECORD says: others were changed since."""
    return {
        key: msgspec.json.encode(_linkage(rows[file.path]))
        for file in files
        if (key := keys[file.path])
        and not rows[file.path].error
        and rows[file.path].size == file.size
    }


def _notes(found: Mapping[str, Linkage]) -> tuple[str, ...]:
    bad = [f"{path}: {link.error}" for path, link in sorted(found.items()) if link.error]
    if not bad:
        return ()
    return (f"what {len(bad)} libraries need could not be read; the first: {bad[0]}",)
