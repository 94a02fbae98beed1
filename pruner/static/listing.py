"""Which files the first-party trees hold. Files are listed here, and nothing is read or run."""

import os
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pruner.errors import UsageError
from pruner.model import Unreadable
from pruner.static.settings import MOST_BYTES, is_settings

_SKIPPED = {"__pycache__", "node_modules"}
_INIT = "__init__.py"


class Listing(NamedTuple):
    """Paths relative to the project, with /, sorted; "" is the project itself.

    `roots` are the folders that modules are named from, the project first.
    """

    paths: tuple[str, ...]
    roots: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    settings: tuple[str, ...] = ()


def listing(root: Path, sources: Sequence[str], without: str | None = None) -> Listing:
    """Return the Python files of the sources, and the `__init__` files above them.

    Settings files are those of the sources, and those that lie in the project itself. `without` is
    a folder of the project where nothing is the application's.
    Raises UsageError where a source does not exist.
    """
    root = root.absolute()
    paths: set[str] = set()
    roots = [""]
    unreadable: list[Unreadable] = []
    settings = {each.name for each in root.iterdir() if is_settings(each.name)}
    for source in sources:
        start = Path(os.path.normpath(root / source))
        if not start.exists():
            raise UsageError(
                f"first-party source {source!r} does not exist",
                hint="`source` under [project] names folders or files beside the configuration",
            )
        folder = start if start.is_dir() else start.parent
        left_out = None if without is None else os.path.realpath(root / without)
        files = _walk(start, root, unreadable, left_out) if start.is_dir() else [start]
        names = [relative(file, root) for file in files]
        settings.update(name for name in names if is_settings(posixpath.basename(name)))
        paths.update(name for name in names if not is_settings(posixpath.basename(name)))
        paths.update(relative(package / _INIT, root) for package in packages(folder, root))
        roots.append(relative(base(folder, root), root))
    return Listing(
        paths=tuple(sorted(paths)),
        roots=tuple(dict.fromkeys(roots)),
        unreadable=tuple(unreadable),
        settings=tuple(sorted(settings)),
    )


def relative(path: Path, root: Path) -> str:
    """Return the path as seen from the project: with /, and "" for the project itself."""
    text = os.path.relpath(path, root).replace(os.sep, "/")
    return "" if text == "." else text


def packages(folder: Path, root: Path) -> Iterator[Path]:
    """Yield the folder and those above it, as long as they are regular packages in the project.

    The project itself is where things start, even where a stray `__init__.py` lies in it.
    """
    while (folder / _INIT).is_file() and not root.is_relative_to(folder):
        yield folder
        folder = folder.parent


def base(folder: Path, root: Path) -> Path:
    """Return the folder from which modules in this one are named: the first that is no package."""
    *_, outer = [folder, *(package.parent for package in packages(folder, root))]
    return outer


def _walk(
    start: Path, root: Path, unreadable: list[Unreadable], left_out: str | None
) -> Iterator[Path]:
    """Yield Python and settings files. Linked folders are followed, each on the disk once."""
    seen: set[str] = set()
    plain, linked = [start], list[Path]()
    while plain or linked:
        folder = plain.pop() if plain else linked.pop(0)
        real = os.path.realpath(folder)
        if real in seen or real == left_out:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            unreadable.append(Unreadable(path=relative(folder, root), line=1, why=_reason(error)))
            continue
        for entry in entries:
            if entry.is_dir():
                (linked if entry.is_symlink() else plain).extend(_followed(entry))
            elif _is_read(entry.name) and (entry.is_file() or entry.is_symlink()):
                yield Path(entry.path)


def _is_read(name: str) -> bool:
    return name.endswith(".py") or is_settings(name)


def _followed(entry: "os.DirEntry[str]") -> list[Path]:
    """Return the folder, unless it is hidden, a virtual environment, or a store of other tools."""
    folder = Path(entry.path)
    other = entry.name in _SKIPPED or entry.name.startswith(".")
    return [] if other or (folder / "pyvenv.cfg").is_file() else [folder]


def read(path: Path, name: str) -> bytes | Unreadable:
    """Return the bytes of a file, or why they cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        return Unreadable(path=name, line=1, why=_reason(error))


def read_settings(root: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return what settings files hold; what is too large or cannot be read says nothing."""
    found: dict[str, bytes] = {}
    for name in names:
        path = root / name
        with suppress(OSError):
            if path.is_file() and path.stat().st_size <= MOST_BYTES:
                found[name] = path.read_bytes()
    return found


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
