"""What first-party code asks for without an import: metadata, programs, libraries, files.

Each is a name in the text that is exactly the name of something that a distribution owns.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pruner.analysis.attribution import Ownership
from pruner.analysis.installed import programs
from pruner.analysis.linkage import is_extension, is_library
from pruner.model import (
    Ask,
    Guard,
    ImportSite,
    Inventory,
    OwnedFile,
    Proof,
    SourceTree,
    Value,
    normalise,
)


class ModuleNeed(Value, frozen=True):
    """A module of the standard library that needs a distribution, as rules/needs.toml says."""

    module: str
    distribution: str
    instead: bool = False  # only where the standard library has no such module


class Said(Value, frozen=True):
    """What commands and environments of agents name, and where."""

    programs: dict[str, str] = {}  # noqa: RUF012
    paths: dict[str, str] = {}  # noqa: RUF012  of files, from site-packages on
    imports: dict[str, str] = {}  # noqa: RUF012  modules that no agent would load


class Asks(NamedTuple):
    """What is asked for, by the key of a distribution; `scripts` are the programs among it."""

    required: dict[str, tuple[Proof, ...]]
    guarded: dict[str, tuple[Proof, ...]]
    scripts: tuple[OwnedFile, ...] = ()
    where: Mapping[str, str] = {}


class _Shelf:
    """Files of distributions by the names that a text would use."""

    def __init__(self, inventory: Inventory, ownership: Ownership) -> None:
        self.known = inventory.by_key()
        self.programs = programs(inventory, ownership)
        self.files: dict[str, list[str]] = defaultdict(list)
        for dist in inventory.distributions:
            for file in dist.files:
                self._add(file, ownership)

    def _add(self, file: OwnedFile, ownership: Ownership) -> None:
        name = posixpath.basename(file.path)
        below = ownership.below_site(file.path)
        if below != file.path and "/" in below:
            self.files[below].append(file.path)
        if is_library(name) and not is_extension(name):
            self.files[name].append(file.path)


def asked_for(
    inventory: Inventory,
    ownership: Ownership,
    tree: SourceTree,
    files: Iterable[str],
    said: Said,
) -> Asks:
    """Return what the text asks for, and what the commands and environments of agents do."""
    shelf = _Shelf(inventory, ownership)
    required: dict[str, list[Proof]] = defaultdict(list)
    guarded: dict[str, list[Proof]] = defaultdict(list)
    scripts: dict[str, OwnedFile] = {}
    where: dict[str, str] = {}
    for ask, by in _asks(tree, files, said):
        file = shelf.programs.get(ask.what) if ask.kind == "script" else None
        owners = _owners(ask, file, shelf, ownership)
        proof = Proof(kind=ask.kind, what=ask.what, by=by)
        for key in owners:
            (guarded if ask.guard.copes else required)[key].append(proof)
        if file is not None and not ask.guard.copes:
            scripts.setdefault(file.path, file)
            where.setdefault(file.path, by)
    return Asks(_few(required), _few(guarded), tuple(scripts.values()), where)


def _owners(
    ask: Ask, file: OwnedFile | None, shelf: _Shelf, ownership: Ownership
) -> tuple[str, ...]:
    match ask.kind:
        case "script":
            return ownership.of_file(file.path) if file else ()
        case "import":
            return ownership.of_module(ask.what)
        case "metadata":
            key = normalise(ask.what.partition("[")[0])
            return (key,) if key in shelf.known else ()
        case _:
            found = (ownership.of_file(path) for path in shelf.files.get(ask.what, ()))
            return tuple(dict.fromkeys(key for keys in found for key in keys))


def _asks(tree: SourceTree, files: Iterable[str], said: Said) -> Iterator[tuple[Ask, str]]:
    """Yield what is asked for, and where."""
    for name, by in said.programs.items():
        yield Ask(kind="script", what=name, line=0), by
    for name, by in said.imports.items():
        yield Ask(kind="import", what=name, line=0), by
    for path, by in said.paths.items():
        for what in dict.fromkeys((path, posixpath.basename(path))):
            yield Ask(kind="file", what=what, line=0), by
    for path in sorted(files):
        for ask in filter(_is_told, tree.files[path].asks):
            yield ask, f"{path}:{ask.line}"
        for word, line in tree.files[path].texts.items():
            for what in dict.fromkeys((word, posixpath.basename(word))):
                if "/" in what or is_library(what):
                    yield Ask(kind="file", what=what, line=line), f"{path}:{line}"


def _is_told(ask: Ask) -> bool:
    return bool(ask.what)


def stood_on(
    needs: Iterable[ModuleNeed],
    inventory: Inventory,
    sites: Iterable[ImportSite],
    ran: Iterable[str],
) -> tuple[dict[str, tuple[Proof, ...]], dict[str, tuple[Proof, ...]]]:
    """Return what modules of the standard library need: (required, reachable).

    The first is of those that first-party `sites` import, the second of those that just `ran`.
    """
    known, loaded = inventory.by_key(), frozenset(ran)
    rows = {
        row.module: row
        for row in needs
        if row.distribution in known
        and not (row.instead and row.module in inventory.stdlib_modules)
    }
    required: dict[str, tuple[Proof, ...]] = {}
    for site in sites:
        row = rows.get(site.module.partition(".")[0])
        if row and site.guard is not Guard.TYPE_CHECKING and not (row.instead and site.guard.copes):
            proof = Proof(kind="needs", what=row.module, by=f"{site.file}:{site.line}")
            required.setdefault(row.distribution, (proof,))
    return required, {
        row.distribution: (Proof(kind="needs", what=row.module),)
        for row in rows.values()
        if row.module in loaded
    }


def _few(proofs: Mapping[str, list[Proof]]) -> dict[str, tuple[Proof, ...]]:
    return {key: tuple(dict.fromkeys(rows))[:5] for key, rows in proofs.items()}
