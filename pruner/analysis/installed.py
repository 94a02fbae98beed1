"""Installed files of Python source, and the imports in them: what `reachability` walks over."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from pruner.analysis.attribution import Ownership, module_of
from pruner.model import Ask, Guard, Inventory, OwnedFile, Unreadable, Value

NOT_ASKED_FOR = ("__main__", "conftest", "test")
"""How parts of a package begin that nobody asks it for: tests, and what tests need."""


class Site(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One import in an installed file, as `ImportSite` has it."""

    line: int
    module: str
    symbol: str | None = None
    guard: Guard = Guard.MODULE
    dynamic: bool = False
    platform: bool = False
    deferred: bool = False
    gpu: bool = False


class Sites(msgspec.Struct, frozen=True, array_like=True):
    """The imports of one installed file; `lazy` is the line that loads its parts on demand.

    `names` then tells which module a name is said to come from: see `static.lazy`.
    """

    sites: tuple[Site, ...] = ()
    lazy: int = 0
    names: dict[str, str] = {}
    asks: tuple[Ask, ...] = ()
    unread: Unreadable | None = None  # only the import statements were read, and why


class Use(msgspec.Struct, frozen=True):
    """What installed code reads off a module: `cv2.ximgproc.thinning`, at one line."""

    name: str
    line: int
    always: bool = False  # whenever its file is loaded: in no function, and in no branch


class Used(Value, frozen=True):
    """What one line of installed code reads off a module, and how sure it is that it runs."""

    name: str
    by: str  # "path:line", below site-packages
    owners: tuple[str, ...]
    runs: bool  # it ran, or runs whenever what leads to it is needed


class Source(Value, frozen=True):
    """An installed file of Python source; `sha256` as RECORD spells it, `size` in bytes."""

    path: str
    module: str
    is_package: bool = False
    sha256: str | None = None
    size: int = 0


def sources(inventory: Inventory) -> dict[str, Source]:
    """Return the installed files of Python source by path."""
    found: dict[str, Source] = {}
    for folder in inventory.site_dirs:
        prefix = f"{folder}/"
        for dist in inventory.distributions:
            for file in dist.files:
                if not file.path.endswith(".py") or not file.path.startswith(prefix):
                    continue
                name, _ = module_of(file.path[len(prefix) :])
                if name:
                    digest = inventory.on_disk.get(file.path, file.sha256)
                    found[file.path] = Source(
                        path=file.path,
                        module=name,
                        is_package=file.path.endswith("/__init__.py"),
                        sha256=digest,
                        size=file.size or 0,
                    )
    return found


def programs(inventory: Inventory, ownership: Ownership) -> dict[str, OwnedFile]:
    """Return the programs that distributions installed into a folder `bin`, by their names."""
    return {
        file.path.rpartition("/")[2]: file
        for dist in reversed(inventory.distributions)
        for file in dist.files
        if file.path.rpartition("/")[0].endswith("/bin") and not ownership.is_site(file.path)
    }


def script(file: OwnedFile) -> Source:
    """Return a program that a distribution installed, to be read as the script that it may be."""
    return Source(path=file.path, module="__main__", sha256=file.sha256, size=file.size or 0)


def parts(files: Iterable[Source]) -> dict[str, tuple[str, ...]]:
    """Return package -> the files of the modules right below it that somebody may ask it for."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in files:
        package, _, name = source.module.rpartition(".")
        if package and not name.startswith(NOT_ASKED_FOR):
            found[package].append(source.path)
    return {package: tuple(sorted(paths)) for package, paths in found.items()}
