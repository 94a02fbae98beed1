"""What a run without a GPU cannot tell, where the image asks for one.

A distribution that only a GPU uses is not seen at work without one, so nothing follows from that.
It stays where anything speaks for it: an import that copes without it, a distribution that stays
and declares it, or that it was asked for and brings libraries alone, which are opened by names that
are put together as a program runs (jax and tensorflow do).
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

from pruner.analysis.linkage import Linkage, is_library
from pruner.model import Distribution, Guard, Inventory, Level, Proof, Value

UNSEEN = "no GPU was used, so what only one uses was not seen"
KIND = "gpu"
ASKED = "gpu library"
IMPORT = "gpu import"

_NEVER = f"({Guard.TYPE_CHECKING})"


class GpuRow(Value, frozen=True):
    """A pattern for names of distributions that a GPU is for.

    `only`: nothing but a GPU uses them. The others are builds that a processor runs as well.
    """

    distribution: str
    only: bool = True


class Told(Value, frozen=True):
    """The installed distributions that are there for a GPU, by key."""

    only: frozenset[str] = frozenset()
    built: frozenset[str] = frozenset()  # these, and builds for one

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.built)


class GpuKnown(Value, frozen=True):
    """What is known of GPUs: rows, and names or patterns of libraries that only CUDA brings."""

    rows: tuple[GpuRow, ...] = ()
    sonames: tuple[str, ...] = ()


def for_a_gpu(inventory: Inventory, linkage: Mapping[str, Linkage], known: GpuKnown) -> Told:
    """Tell what is there for a GPU: by name, or since all of its libraries need CUDA's."""
    only, built = set(), set()
    for dist in inventory.distributions:
        rows = [row for row in known.rows if fnmatchcase(dist.key, row.distribution)]
        if any(row.only for row in rows) or (not rows and _needs_cuda(dist, linkage, known)):
            only.add(dist.key)
        elif rows:
            built.add(dist.key)
    return Told(only=frozenset(only), built=frozenset(only | built))


def _needs_cuda(dist: Distribution, linkage: Mapping[str, Linkage], known: GpuKnown) -> bool:
    """Tell whether a distribution has libraries, and each of them is linked to CUDA."""
    needed = [linkage[path].needed for path in _libraries(dist) if path in linkage]
    return bool(needed) and all(
        any(fnmatchcase(name, pattern) for name in names for pattern in known.sonames)
        for names in needed
    )


def not_seen(
    told: Told,
    inventory: Inventory,
    guarded: Mapping[str, tuple[Proof, ...]],
    kept: AbstractSet[str],
) -> dict[Level, dict[str, tuple[Proof, ...]]]:
    """Return what stays since only a GPU's run could have used it, by level; nothing of `kept`.

    Libraries alone are `linked`, so they stay with whatever would open them.
    """
    found: dict[Level, dict[str, tuple[Proof, ...]]] = {Level.LINKED: {}, Level.REACHABLE: {}}
    dists = inventory.by_key()
    for key, by in _asked(told, inventory, kept).items():
        level = Level.LINKED if _only_libraries(dists[key]) else Level.REACHABLE
        found[level][key] = (Proof(kind=KIND if by else ASKED, what=key, by=by),)
    for key in sorted(told.only & guarded.keys() - kept):
        proofs = [proof for proof in guarded[key] if _NEVER not in proof.kind]
        if proofs:
            found[Level.REACHABLE][key] = tuple(
                Proof(kind=IMPORT, what=proof.what, by=proof.by) for proof in proofs
            )
    return {level: rows for level, rows in found.items() if rows}


def _asked(told: Told, inventory: Inventory, kept: AbstractSet[str]) -> dict[str, str | None]:
    """Return what only a GPU uses and is asked for: by what stays, or None, by a person.

    A distribution that holds nothing only passes on what it declares, and so do libraries.
    """
    dists = inventory.by_key()
    declared = {key for needs in inventory.requires.values() for key in needs}
    hollow = {key for key, dist in dists.items() if not _holds(dist)}
    libraries = {key for key in told.only if _only_libraries(dists[key])}
    by: dict[str, str | None] = dict.fromkeys(sorted((libraries | hollow) - declared - kept))
    todo = [*sorted(kept), *by]
    while todo:
        owner = todo.pop(0)
        for key in inventory.requires.get(owner, ()):
            if key not in by and key not in kept and key in told.only | hollow:
                by[key] = owner
                todo.append(key)
    return {key: owner for key, owner in by.items() if key in told.only - hollow}


def _libraries(dist: Distribution) -> Iterator[str]:
    return (file.path for file in dist.files if is_library(file.path))


def _only_libraries(dist: Distribution) -> bool:
    """Tell whether a distribution has libraries and no code of its own, as NVIDIA's have."""
    modules = (file.path for file in dist.files if file.path.endswith(".py"))
    return any(_libraries(dist)) and all(path.endswith("/__init__.py") for path in modules)


def _holds(dist: Distribution) -> bool:
    """Tell whether a distribution brings more than its metadata."""
    return any(".dist-info/" not in file.path for file in dist.files)
