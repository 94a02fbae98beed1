"""What is used in the place of distributions that cannot stay, and what it needs in turn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from packaging.requirements import Requirement

from pruner.analysis.attribution import closure
from pruner.analysis.verdicts import KEEP
from pruner.lock.places import Places
from pruner.lock.resolve import resolve
from pruner.model import (
    Conflict,
    Distribution,
    Inventory,
    Level,
    Proof,
    Value,
    Verdict,
    normalise,
)


class Plan(Value, frozen=True):
    """What is to be locked: the installed distributions and verdicts, replacements among them."""

    inventory: Inventory
    verdicts: tuple[Verdict, ...]
    changed: frozenset[str] = frozenset()  # by key: new ones, and those with another version


class Wish(NamedTuple):
    """What is asked for beside what was decided."""

    use: Sequence[str]  # requirements; of two for one name the first counts
    places: Places = Places()  # the indexes to look on
    offered: Mapping[str, str] = {}  # versions, by key, for what has to move along or is new


def planned(
    image: str,
    inventory: Inventory,
    verdicts: Sequence[Verdict],
    conflicts: Iterable[Conflict],
    wish: Wish,
) -> Plan:
    """Look for what takes the place of others, and add it to what is kept.

    Everything else keeps its traced version where there is a solution; else what the replaced
    versions declare may move along, what others that stay need as well only at last. Raises
    UsageError where there is none then either.
    """
    settled = [row for row in conflicts if row.settled and row.use]
    wanted = to_replace(inventory, settled, wish.use)
    if not wanted:
        return Plan(inventory=inventory, verdicts=tuple(verdicts))
    known = inventory.by_key()
    names = {normalise(Requirement(line).name) for line in wanted}
    gone = names | {key for row in settled for key in row.drop}
    pins = {
        key: dist.version
        for key, dist in known.items()
        if dist.managed and dist.local is None and key not in gone
    }
    alike = {
        normalise(Requirement(row.use or "").name): known[row.drop[0]].version
        for row in settled
        if row.drop and not Requirement(row.use or "").specifier
    }
    moving = closure(inventory.requires, sorted(gone & known.keys())).keys()
    loose = {key: version for key, version in pins.items() if key not in moving}
    stay = [row.name for row in verdicts if row.kept and row.name not in moving]
    shared = {need for key in stay for need in inventory.requires.get(key, ())}
    held = {key: version for key, version in pins.items() if key in shared or key in loose}
    there = {key: version for key, version in wish.offered.items() if key not in names}
    tries = [{**pins, **alike}, pins, held, loose]
    found = resolve(
        image, inventory, wanted, [{**there, **pinned} for pinned in tries], wish.places
    )
    return _with(inventory, verdicts, found, names, settled)


def to_replace(
    inventory: Inventory, conflicts: Iterable[Conflict], use: Iterable[str]
) -> list[str]:
    """Return the requirements of conflicts and of `use` that what is installed does not fulfil."""
    known = inventory.by_key()
    lines: dict[str, str] = {}
    for line in [*use, *(row.use for row in conflicts if row.settled and row.use)]:
        requirement = Requirement(line)
        dist = known.get(normalise(requirement.name))
        if dist is None or not requirement.specifier.contains(dist.version, prereleases=True):
            lines.setdefault(normalise(requirement.name), line)
    return list(lines.values())


def _with(
    inventory: Inventory,
    verdicts: Sequence[Verdict],
    found: dict[str, str],
    names: set[str],
    settled: Sequence[Conflict],
) -> Plan:
    known = inventory.by_key()
    rows = {row.name: row for row in verdicts}
    places = {normalise(Requirement(row.use or "").name): row.drop for row in settled}
    changed: dict[str, str] = {}
    for key, version in sorted(found.items()):
        old = rows.get(key)
        if old is not None and key not in names and (not old.kept or old.version == version):
            continue
        why = _why(key, old, names, places)
        level = _level(key, old, rows, places)
        proof = (Proof(kind="use", what=f"{key}=={version}"), *(old.proof if old else ()))
        rows[key] = Verdict(
            name=key,
            version=version,
            verdict=KEEP,
            level=level,
            size_bytes=old.size_bytes if old else 0,
            why=why,
            proof=proof,
        )
        changed[key] = version
    dists = {
        **known,
        **{
            # What another version declares is not known before it is installed.
            key: msgspec.structs.replace(known[key], version=version, requires=())
            if key in known
            else Distribution(name=key, version=version)
            for key, version in changed.items()
        },
    }
    return Plan(
        inventory=msgspec.structs.replace(
            inventory, distributions=tuple(dists[key] for key in sorted(dists))
        ),
        verdicts=tuple(rows[key] for key in sorted(rows)),
        changed=frozenset(changed),
    )


def _why(key: str, old: Verdict | None, names: set[str], places: dict[str, tuple[str, ...]]) -> str:
    if places.get(key):
        return f"takes the place of {' and '.join(places[key])}"
    if key in names:
        return f"used in place of {old.version}" if old else "used as the configuration says"
    return f"moves along from {old.version}" if old else "what is used in place of others needs it"


def _level(
    key: str,
    old: Verdict | None,
    rows: dict[str, Verdict],
    places: dict[str, tuple[str, ...]],
) -> str:
    """Return the strongest level of what it stands for."""
    stood_for = [rows[name].level for name in places.get(key, ()) if name in rows]
    levels = [*stood_for, *([old.level] if old else []), Level.DECLARED.word]
    return max(levels, key=lambda word: Level[word.upper()])
