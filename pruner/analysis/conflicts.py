"""Which of several distributions stays: by evidence first, by rules second, never by a guess.

A group of rivals is settled by the first of these that says something:

1. the configuration names one (`use`);
2. one alone is needed for another import name of its own as well (pymongo, which brings `bson`);
3. code uses what only some members of a family have, or a library was mapped that only they have:
   the first of them in the family's order that has all of it, and of builds also one that is not
   installed;
4. of builds, the first in the family's order, those for a GPU first where the image says so;
5. one alone was loaded, or several that share no more than the `__init__.py` of a package;
6. one has the file that an import takes of several.

Whose content a file has that several own is no reason by itself: that was a race between their
installations, and the answer must not change with it.

First-party code means what it reads, wherever it stands. Installed code is read by other rules, as
it mentions much that nobody calls (a window to look at an image, in a function for debugging):

- What it reads whenever its file is loaded counts, where that ran or is certain to.
- What it reads elsewhere, in a function that may never be called, counts where its distribution
  requires a member that has it: a need that is stated.
- Neither counts where the members that have it also have a library that is mapped as soon as it
  really runs. There that library speaks: many require opencv-python for no window at all, and who
  only holds `cv2.imshow`, or puts it into a table, opens none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.installed import Used
from pruner.analysis.rivals import Family, Member, Rivals, rivals
from pruner.analysis.spelling import Spelling
from pruner.analysis.verdicts import DROP, KEEP
from pruner.model import Choice, Conflict, Inventory, Proof, SourceTree, Trace, Verdict

MOST_FILES = 3
"""Files that are shown of those that differ."""


class Known(NamedTuple):
    """What conflicts are settled from."""

    image: str
    inventory: Inventory
    ownership: Ownership
    traces: tuple[Trace, ...]
    tree: SourceTree
    files: frozenset[str]  # first-party files that are reached
    gpu: bool  # what the configuration says of the image
    use: Mapping[str, str]  # key -> the requirement of the configuration's `use`
    installed: tuple[Used, ...] = ()  # what installed code reads off rivals


class Decision(NamedTuple):
    """What stays, and the clause that says why; `keep` is empty where nothing settles it."""

    keep: tuple[str, ...]
    why: str
    proof: tuple[Proof, ...] = ()


def conflicts(
    known: Known, verdicts: Iterable[Verdict], families: Sequence[Family]
) -> tuple[Conflict, ...]:
    """Return the conflicts among installed distributions of which at least one would be kept."""
    kept = {row.name for row in verdicts if row.kept}
    reading = tuple(row for row in known.installed if kept.intersection(row.owners))
    known = known._replace(installed=reading)
    groups = rivals(known.inventory, families, _used(known), known.use.keys())
    return tuple(_conflict(known, group) for group in groups if kept.intersection(group.keys))


def applied(verdicts: Iterable[Verdict], found: Iterable[Conflict]) -> tuple[Verdict, ...]:
    """Return the verdicts after the settled conflicts: what speaks for a rival speaks for its heir.

    Where something that is not installed takes their place, all of them go.
    """
    rows = {row.name: row for row in verdicts}
    for conflict in found:
        if not conflict.settled or not conflict.drop:
            continue
        others = [rows[key] for key in conflict.drop if key in rows]
        heirs = [key for key in conflict.distributions if key not in conflict.drop]
        named = conflict.use or " and ".join(heirs)
        for row in others:
            rows[row.name] = _changed(row, DROP, f"cannot live with {named}")
        if any(row.kept for row in others):
            for key in heirs:
                rows[key] = _changed(rows[key], KEEP, f"takes the place of {others[0].name}")
    return tuple(rows.values())


def _changed(row: Verdict, verdict: str, why: str) -> Verdict:
    if row.verdict == verdict:
        return row
    proof = (Proof(kind="conflict", what=why), *row.proof)
    return msgspec.structs.replace(row, verdict=verdict, why=why, proof=proof)


def _conflict(known: Known, group: Rivals) -> Conflict:
    decision = _decided(known, group)
    keep = decision.keep
    alone = keep[0] if len(keep) == 1 else None
    installed = alone in group.keys
    return Conflict(
        kind=_kind(group),
        distributions=group.keys,
        why=f"{_what(known, group)}; {decision.why}",
        settled=bool(keep),
        keep=alone if installed else None,
        drop=tuple(key for key in group.keys if key not in keep) if keep else (),
        use=None if installed or not alone else known.use.get(alone, alone),
        proof=(*_shown(known, group), *decision.proof),
        choices=() if keep else _choices(known, _everyone(group)),
    )


def _everyone(group: Rivals) -> list[str]:
    """Return the rivals, then the others of their family."""
    return list(dict.fromkeys([*group.keys, *(group.family.keys if group.family else ())]))


def _kind(group: Rivals) -> str:
    return "files" if group.differing else "import-name" if group.names else "builds"


def _what(known: Known, group: Rivals) -> str:
    """Return the clause that says how they stand in each other's way."""
    if group.differing:
        count = len(group.differing)
        path, owner = next(iter(sorted(group.differing.items())))
        whose = " and ".join(owner) or "nobody of them"
        file = known.ownership.below_site(path)
        differ = "one differs" if count == 1 else f"{count} differ"
        return f"they own {group.shared} files together, of which {differ}: {file} is of {whose}"
    if group.names:
        name, paths = next(iter(group.names.items()))
        first, *others = map(known.ownership.below_site, paths)
        return f"`import {name}` takes {first} and never {', '.join(others)}"
    return group.family.why if group.family and group.family.why else "one of them is enough"


def _shown(known: Known, group: Rivals) -> tuple[Proof, ...]:
    """Return what is seen on the disk."""
    below = known.ownership.below_site
    files = [
        Proof(kind="file", what=below(path), by=", ".join(owner) or None)
        for path, owner in sorted(group.differing.items())[:MOST_FILES]
    ]
    names = [
        Proof(kind="import-name", what=name, by=below(paths[0]))
        for name, paths in group.names.items()
    ]
    return (*files, *names)


def _choices(known: Known, keys: Iterable[str]) -> tuple[Choice, ...]:
    versions = {dist.key: dist.version for dist in known.inventory.distributions}
    return tuple(
        Choice(
            what=f"keep {key}" if key in versions else f"{key} in their place",
            config=f'use = ["{key}"]  # [images.{known.image}]',
        )
        for key in keys
    )


def _decided(known: Known, group: Rivals) -> Decision:
    family = group.family
    wanted = [key for key in _everyone(group) if key in known.use]
    if wanted:
        return Decision(tuple(wanted), f"the configuration uses {' and '.join(wanted)}")
    needed = _needed_otherwise(known, group)
    told = _by_family(known, group, family) if family is not None else None
    if not needed:
        return told or _by_evidence(known, group)
    said = " and ".join(f"{key} is needed for {name}" for key, name in sorted(needed.items()))
    if len(needed) > 1:
        return Decision((), f"{said} as well")
    (key,) = needed
    if told is not None and told.proof and told.keep != (key,):
        return Decision((), f"{said} as well, but {told.why}", told.proof)
    return Decision((key,), f"{said} as well", told.proof if told else ())


def _needed_otherwise(known: Known, group: Rivals) -> dict[str, str]:
    """Return which of them code needs for a name that the others do not have -> that name."""
    shared = {*group.names, *(group.family.imports if group.family else ())}
    shared |= {known.ownership.below_site(path).partition("/")[0] for path in group.differing}
    shared = {name.partition(".")[0] for name in shared}
    used = _used(known)
    found: dict[str, str] = {}
    for key in group.keys:
        own = {name.partition(".")[0] for name in known.ownership.tops_of(key)}
        for name in sorted((own - shared) & used):
            found.setdefault(key, name)
    return found


def _used(known: Known) -> set[str]:
    """Return the first parts of import names that code uses, or that were loaded."""
    loaded = (item for trace in known.traces for item in trace.loaded)
    return {
        *(name.partition(".")[0] for name in _uses(known)),
        *(_top(known, item.file) for item in loaded if known.ownership.is_site(item.file)),
    }


def _top(known: Known, path: str) -> str:
    return known.ownership.below_site(path).partition("/")[0].partition(".")[0]


def _by_family(known: Known, group: Rivals, family: Family) -> Decision | None:
    """Decide by what code uses, and among builds by preference; None where that says nothing."""
    speaking = _speaking(known, family)
    fitting = [
        row for row in _ordered(family, gpu=known.gpu) if {*row.has, *row.maps} >= speaking.keys()
    ]
    here = [row for row in fitting if row.distribution in group.keys]
    proof = tuple(row for _, row in sorted(speaking.items())[:MOST_FILES])
    if speaking and not fitting:
        names = " and ".join(sorted(speaking)[:MOST_FILES])
        return Decision((), f"none of them has {names}, which code uses together", proof)
    if family.kind == "builds":
        taken = (here or fitting)[:1]
        why = _because(family, taken[0], speaking, gpu=known.gpu) if taken else ""
        return Decision((taken[0].distribution,), why, proof) if taken else None
    if speaking and len(here) == 1:
        return Decision((here[0].distribution,), _spoken(proof[0], "its own, "), proof)
    return None


def _ordered(family: Family, *, gpu: bool) -> list[Member]:
    """Return the members in the order of preference."""
    if family.kind != "builds":
        return list(family.members)
    return sorted(family.members, key=lambda row: row.gpu is not None and row.gpu is not gpu)


def _spoken(proof: Proof, own: str = "") -> str:
    """Return the clause that says what code uses, or what a run had mapped."""
    if proof.kind == "library":
        return f"{proof.what} is {own}mapped by {proof.agent}"
    return f"{proof.what} is {own}used by {proof.by}"


def _because(family: Family, taken: Member, speaking: Mapping[str, Proof], *, gpu: bool) -> str:
    if speaking:
        return _spoken(min(speaking.items())[1])
    if taken.gpu is not None:
        said = "gpu = true" if gpu else "the configuration says of no GPU"
        return f"{said}, so {taken.distribution}"
    more = sorted({name for row in family.members for name in row.has} - {*taken.has})
    return (
        f"no code uses what others have ({', '.join(more[:MOST_FILES])})"
        if more
        else (f"{taken.distribution} is the one to prefer")
    )


def _speaking(known: Known, family: Family) -> dict[str, Proof]:
    """Return what is used of what only some members have: names, and libraries by their paths."""
    found: dict[str, Proof] = {}
    for dotted, by in _uses(known).items():
        for name in _special(family, dotted):
            found.setdefault(name, Proof(kind="use", what=f"{family.imports[0]}.{name}", by=by))
    for row in known.installed:
        for name in _special(family, row.name):
            if name not in found and _is_meant(known, family, name, row):
                what = f"{family.imports[0]}.{name}"
                found[name] = Proof(kind="use", what=what, by=row.by)
    return found | _mapped(known, family)


def _special(family: Family, dotted: str) -> list[str]:
    """Return the names that tell members apart of which a dotted name is one, or stands below."""
    rests = [dotted.removeprefix(f"{top}.") for top in family.imports]
    special = {name for row in family.members for name in row.has}
    return sorted(
        name
        for rest in rests
        if rest != dotted
        for name in special
        if rest == name or rest.startswith(f"{name}.")
    )


def _is_meant(known: Known, family: Family, name: str, row: Used) -> bool:
    """Tell whether a line of installed code speaks for the members that have what it reads."""
    having = family.owners(name)
    if not set(row.owners).isdisjoint(family.keys) or all(member.maps for member in having):
        return False
    stated = {key for owner in row.owners for key in known.inventory.requires.get(owner, ())}
    return row.runs or any(member.distribution in stated for member in having)


def _mapped(known: Known, family: Family) -> dict[str, Proof]:
    """Return the libraries, mapped in a trace, that only some members have."""
    libraries = {path for row in family.members for path in row.maps}
    return {
        path: Proof(kind="library", what=path, agent=trace.agent)
        for trace in known.traces
        for item in trace.loaded
        if (path := known.ownership.below_site(item.file)) in libraries
    }


def _uses(known: Known) -> dict[str, str]:
    """Return what reached first-party code reads off modules, or imports -> "path:line"."""
    found: dict[str, str] = {}
    for path in sorted(known.files):
        file = known.tree.files[path]
        for name, line in file.uses.items():
            found.setdefault(name, f"{path}:{line}")
        for site in file.sites:
            found.setdefault(site.module, f"{path}:{site.line}")
    return found


def _by_evidence(known: Known, group: Rivals) -> Decision:
    """Decide by what was loaded: the only one of them that was."""
    spelling = Spelling(known.ownership, known.tree)
    loaded: dict[str, list[Proof]] = defaultdict(list)
    for trace in known.traces:
        for item in trace.loaded:
            owners = {*known.ownership.of_file(item.file)} & {*group.keys}
            if len(owners) == 1:
                by = spelling.short(item.by) if item.by else None
                proof = Proof(kind=item.kind, what=item.what, by=by, agent=trace.agent)
                loaded[owners.pop()].append(proof)
    if len(loaded) == 1:
        key, proofs = next(iter(loaded.items()))
        what = proofs[0].what
        return Decision((key,), f"only {key} was loaded: {what}", tuple(proofs[:MOST_FILES]))
    if loaded and all(path.endswith("/__init__.py") for path in group.differing):
        both = " and ".join(sorted(loaded))
        why = f"{both} have modules of their own beside it, as in a namespace, so both stay"
        return Decision(tuple(sorted(loaded)), why)
    if loaded:
        both = " and ".join(sorted(loaded))
        return Decision((), f"{both} were loaded, and nothing tells which one is meant")
    taken = {key for name in group.names for key in known.ownership.of_module(name)} & {*group.keys}
    if len(taken) == 1 and not group.differing:
        key = taken.pop()
        return Decision((key,), f"{key} is what an import takes, and none was loaded")
    return Decision((), "none was loaded, and nothing tells which one is meant")
