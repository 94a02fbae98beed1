"""From what tracers/loader.py printed in a sandbox to a System; nothing is trusted."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from pruner.analysis.linkage import Linkage, folders
from pruner.analysis.system import Machine, System
from pruner.errors import SandboxError

VERSION = 1
"""The format that tracers/loader.py prints."""
MOST_FOLDERS = 4096
"""Folders that are listed, whatever is asked for."""
MOST_NAMES = 50_000

_Text = Annotated[str, msgspec.Meta(max_length=4096)]
_Number = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{1,4}(\.[0-9]{1,4}){0,3})?\Z")]
_Names = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=MOST_NAMES)]


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    libc: Literal["glibc", "musl", ""]
    libc_version: _Number
    machine: Machine | None
    libraries: Annotated[dict[_Text, _Text], msgspec.Meta(max_length=MOST_NAMES)]
    folders: Annotated[dict[_Text, _Names], msgspec.Meta(max_length=MOST_FOLDERS)]
    symbols: Annotated[dict[Literal["GLIBCXX", "CXXABI"], _Number], msgspec.Meta(max_length=2)]
    full: bool


def asked(linkage: Mapping[str, Linkage], search: Iterable[str] = ()) -> dict[str, Sequence[str]]:
    """Return what tracers/loader.py has to be asked: the folders that libraries look in.

    `search` are values of LD_LIBRARY_PATH that agents get besides the image's own.
    """
    wanted = {folder for path, link in linkage.items() for folder in folders(path, link)}
    wanted |= {posixpath.dirname(name) for link in linkage.values() for name in link.needed}
    split = [folder for value in search for folder in value.replace(";", ":").split(":")]
    return {
        "folders": sorted(folder for folder in wanted if folder.startswith("/")),
        "search": [folder for folder in split if folder.startswith("/")],
    }


def parse(stdout: bytes) -> System:
    """Return what tracers/loader.py printed; names that cannot be shown are dropped.

    Raises OutsideError where it is not what our own reader prints.
    """
    try:
        answer = msgspec.json.decode(stdout, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SandboxError(f"what the system offers cannot be read: {error}") from error
    if answer.version != VERSION:
        raise SandboxError(f"what the system offers has version {answer.version}, not {VERSION}")
    return System(
        libc=answer.libc,
        version=answer.libc_version,
        machine=answer.machine,
        libraries={
            name: path
            for name, path in answer.libraries.items()
            if name.isprintable() and path.isprintable()
        },
        folders={
            folder: frozenset(name for name in names if name.isprintable())
            for folder, names in answer.folders.items()
        },
        full=answer.full,
        symbols={kind: number for kind, number in answer.symbols.items() if number},
    )
