"""Distributions that stand in each other's way: found on the disk, and known as families."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from pruner.analysis.attribution import BYTECODE, module_of
from pruner.model import Inventory, Value

_FOR_TOOLS = re.compile(r"/include/|\.(h|hh|hpp|hxx|cuh|pyi)\Z")
"""Headers and stubs: what compilers and type checkers read, and no agent that runs."""


class Member(Value, frozen=True):
    """One distribution of a family."""

    distribution: str
    has: tuple[str, ...] = ()  # below the import name: "imshow"; who uses one needs this member
    maps: tuple[str, ...] = ()  # libraries below site-packages; they are mapped where it is used
    gpu: bool | None = None  # built for one, or for none; None: the same for both


class Family(Value, frozen=True):
    """Distributions of which an environment needs one, in the order of preference.

    `kind`: "builds" of one project, which stand in for each other; "names": other projects under
    the same import name, which do not.
    """

    name: str
    kind: str
    imports: tuple[str, ...]
    members: tuple[Member, ...]
    why: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The members' keys."""
        return tuple(row.distribution for row in self.members)

    def member(self, key: str) -> Member | None:
        """Return a member by the key of its distribution."""
        return next((member for member in self.members if member.distribution == key), None)

    def owners(self, name: str) -> tuple[Member, ...]:
        """Return the members that have a name below the import name, or a library."""
        return tuple(row for row in self.members if name in row.has or name in row.maps)


class Rivals(Value, frozen=True):
    """Installed distributions that stand in each other's way, and what shows it."""

    keys: tuple[str, ...]  # sorted
    differing: dict[str, tuple[str, ...]]  # file with several contents -> whose is on the disk
    shared: int  # files that several of them own
    names: dict[str, tuple[str, ...]]  # import name -> its files, of different owners
    family: Family | None = None


def rivals(
    inventory: Inventory,
    families: Sequence[Family],
    used: Collection[str],
    chosen: Collection[str] = (),
) -> tuple[Rivals, ...]:
    """Return the groups of distributions that share a file, an import name or a family.

    Files that several own with the same content are in nobody's way, such as the `__init__.py` of a
    namespace; neither are those outside of the import names that are `used`: many bring `tests`;
    nor headers and stubs: libraries of two CUDA stacks lie side by side and share nothing else.
    One alone is a group where another member of its family is `chosen` to take its place.
    """
    owners = _owners(inventory)
    differing = {
        path: row
        for path, row in owners.items()
        if len(_contents(row)) > 1 and _top(path, inventory) in used and not _FOR_TOOLS.search(path)
    }
    names = {
        name: paths for name, paths in _shared_names(inventory, owners).items() if name in used
    }
    known = inventory.by_key()
    groups = _Groups()
    for row in differing.values():
        groups.join(row)
    for paths in names.values():
        groups.join(key for path in paths for key in owners[path])
    installed = [(family, [key for key in family.keys if key in known]) for family in families]
    for family, members in installed:
        groups.join(members)
        if members and any(key in chosen and key not in known for key in family.keys):
            groups.alone.update(members)
    return tuple(
        Rivals(
            keys=keys,
            differing={
                path: _on_disk(path, row, inventory)
                for path, row in differing.items()
                if row.keys() & set(keys)
            },
            shared=sum(len(row.keys() & set(keys)) > 1 for row in owners.values()),
            names={
                name: paths
                for name, paths in names.items()
                if any(owners[path].keys() & set(keys) for path in paths)
            },
            family=next((row for row, members in installed if {*members} & {*keys}), None),
        )
        for keys in groups.found()
    )


def _owners(inventory: Inventory) -> dict[str, dict[str, str | None]]:
    """Return path -> key -> the hash that its RECORD has."""
    owners: dict[str, dict[str, str | None]] = defaultdict(dict)
    for dist in inventory.distributions:
        if dist.managed:
            for file in dist.files:
                owners[file.path][dist.key] = file.sha256
    return owners


def _top(path: str, inventory: Inventory) -> str:
    """Return the import name that a file lies below, or "" outside of the site folders."""
    folder = next((each for each in inventory.site_dirs if path.startswith(f"{each}/")), None)
    return path[len(folder) + 1 :].partition("/")[0].partition(".")[0] if folder else ""


def _contents(row: Mapping[str, str | None]) -> set[str]:
    return {digest for digest in row.values() if digest}


def _on_disk(path: str, row: Mapping[str, str | None], inventory: Inventory) -> tuple[str, ...]:
    digest = inventory.on_disk.get(path)
    return tuple(sorted(key for key, hashed in row.items() if hashed and hashed == digest))


def _shared_names(
    inventory: Inventory, owners: Mapping[str, Mapping[str, object]]
) -> dict[str, tuple[str, ...]]:
    """Return the topmost import names for which several have a file of their own.

    The file that the import system takes comes first.
    """
    found: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for order, folder in enumerate(inventory.site_dirs):
        for path in owners:
            if not path.startswith(f"{folder}/"):
                continue
            relative = path[len(folder) + 1 :]
            name, kind = module_of(relative) if relative.count("/") < 2 else ("", 0)  # noqa: PLR2004
            if name and "." not in name and kind != BYTECODE:
                found[name].append((order, kind, path))
    shared: dict[str, tuple[str, ...]] = {}
    for name, rows in sorted(found.items()):
        paths = [path for _, _, path in sorted(rows)]
        first = owners[paths[0]].keys()
        others = [path for path in paths[1:] if not owners[path].keys() & first]
        if others:
            shared[name] = (paths[0], *others)
    return shared


class _Groups:
    """Joins keys that have to be settled together."""

    def __init__(self) -> None:
        self._group: dict[str, frozenset[str]] = {}
        self.alone: set[str] = set()  # what is a group also by itself

    def join(self, keys: Iterable[str]) -> None:
        """Put keys into one group, with all that each is in a group with."""
        together = frozenset(keys)
        for key in tuple(together):
            together |= self._group.get(key, frozenset())
        for key in together:
            self._group[key] = together

    def found(self) -> list[tuple[str, ...]]:
        """Return the groups of two and more, and those that are meant to be alone."""
        groups = {
            tuple(sorted(group))
            for group in self._group.values()
            if len(group) > 1 or group <= self.alone
        }
        return sorted(groups)


def contested(
    inventory: Inventory, families: Iterable[Family], chosen: Collection[str] = ()
) -> frozenset[str]:
    """Return the first parts of import names for which an environment has several of a family."""
    known = inventory.by_key()
    return frozenset(
        name.partition(".")[0]
        for family in families
        if len({*known, *chosen}.intersection(family.keys)) > 1
        for name in family.imports
    )
