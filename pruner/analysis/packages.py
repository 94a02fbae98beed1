"""Debian packages of an image: which of them agents were seen to use, or what stays links to."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from pruner.analysis.linkage import Linkage
from pruner.document import SystemPackage
from pruner.model import Inventory, Trace, Value

DEBIAN = "/usr/lib/python3/dist-packages"
MOST_FILES = 5
"""Files of one package that are told."""


class Used(NamedTuple):
    """Files outside of distributions: those that agents used, those that what stays asks for."""

    seen: frozenset[str]
    linked: frozenset[str]


def used_files(traces: Iterable[Trace], inventory: Inventory) -> frozenset[str]:
    """Return the files that agents used and no folder of distributions holds.

    Those are modules and libraries, the programs that were started, and the interpreter.
    """
    found = {inventory.executable, inventory.aliases.get(inventory.executable, "")}
    for trace in traces:
        found |= {item.file for item in trace.loaded}
        found |= {item.what for item in trace.programs}
    # Debian's own distributions lie in its packages.
    folders = tuple(f"{folder}/" for folder in inventory.site_dirs if folder != DEBIAN)
    return frozenset(path for path in found if path[:1] == "/" and not path.startswith(folders))


def given_up(before: Iterable[Trace], proof: Iterable[Trace]) -> frozenset[str]:
    """Return the libraries that agents loaded each time before, and in no run of the proof.

    The same commands and exercises did without them, so what was left out had asked for them: a
    build of OpenCV with windows loads libGL. One that only some runs of an agent loaded may come
    back, and of a single run nobody can say.
    """
    runs: dict[str, list[frozenset[str]]] = defaultdict(list)
    for trace in before:
        runs[trace.agent].append(_libraries(trace))
    always = {
        file for found in runs.values() if len(found) > 1 for file in found[0].intersection(*found)
    }
    at_times = {
        file
        for found in runs.values()
        for file in found[0].union(*found)
        if len(found) == 1 or not all(file in run for run in found)
    }
    now = frozenset[str]().union(*map(_libraries, proof))
    return frozenset(always - at_times - now)


def _libraries(trace: Trace) -> frozenset[str]:
    return frozenset(item.file for item in trace.loaded if item.kind == "library")


class OptionalLibrary(Value, frozen=True):
    """What a library opens where it is there, and does without: a row of knowledge."""

    library: str  # the name of a file, or a pattern of one
    opens: tuple[str, ...]  # names, or patterns of them

    def covers(self, library: str, name: str) -> bool:
        """Return whether a library (its file's name) does without the one of that name."""
        opened = any(fnmatchcase(name, pattern) for pattern in self.opens)
        return opened and fnmatchcase(library, self.library)


def linked_files(
    inventory: Inventory,
    linkage: Mapping[str, Linkage],
    libraries: Mapping[str, str],
    kept: Collection[str],
    optional: Sequence[OptionalLibrary] = (),
) -> frozenset[str]:
    """Return the system's files that libraries of kept distributions ask for by name.

    They are needed at once, or may be opened later. `libraries` are the names that the loader finds
    outside of distributions. What a kept distribution brings itself is not asked of the system, and
    a path that it was built with asks for the file at that path alone.
    """
    paths = [
        file.path
        for dist in inventory.distributions
        if dist.key in kept
        for file in dist.files
        if file.path in linkage
    ]
    own = {linkage[path].soname or posixpath.basename(path) for path in paths}
    own |= {posixpath.basename(path) for path in paths}
    wanted = {name for path in paths for name in linkage[path].needed}
    for path in paths:
        placed = {posixpath.basename(file): file for file in linkage[path].placed}
        for name in linkage[path].dlopens:
            elsewhere = name in placed and not _same(placed[name], libraries.get(name, ""))
            spared = any(row.covers(posixpath.basename(path), name) for row in optional)
            if not elsewhere and not spared:
                wanted.add(name)
    return frozenset(libraries[name] for name in wanted - own if name in libraries)


def _same(one: str, other: str) -> bool:
    """Return whether two paths are of one file: /lib is /usr/lib."""
    return one.removeprefix("/usr") == other.removeprefix("/usr")


def with_files(
    packages: Iterable[SystemPackage],
    owners: Mapping[str, str],
    files: Used,
    base: Collection[str],
) -> Iterator[SystemPackage]:
    """Yield the packages with what agents used of them, and what of the rest is asked for."""
    owned: dict[str, list[str]] = defaultdict(list)
    for path, name in sorted(owners.items()):
        owned[name].append(path)
    for row in packages:
        seen = [path for path in owned[row.name] if path in files.seen]
        linked = [path for path in owned[row.name] if path in files.linked - files.seen]
        yield msgspec.structs.replace(
            row,
            base=row.name in base,
            seen=tuple(seen[:MOST_FILES]),
            linked=tuple(linked[:MOST_FILES]),
        )
