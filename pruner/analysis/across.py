"""One distribution pinned differently in several images: what it costs, and what would settle it.

Layers of images are shared only where their content is the same, so every image but one would be
spared what it holds of a distribution if all had it in one version.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from pruner.analysis.promises import fits, required
from pruner.analysis.sizes import size
from pruner.document import Aligned
from pruner.model import Distribution, Finding, Verdict, normalise

MOST = 10
"""Distributions that get a finding of their own."""
MOST_IMAGES = 4
"""Images that are named with one version."""


class Pin(NamedTuple):
    """A version, and its bytes on disk where they are known."""

    version: str
    size_bytes: int | None = None


class Pins(NamedTuple):
    """What one image pins, by key, and its "3.11", by which folders of distributions are named."""

    pins: Mapping[str, Pin]
    python: str | None = None


class Saving(NamedTuple):
    """Bytes that one version for all would spare, and the images of which that is not known."""

    size_bytes: int
    unknown: tuple[str, ...] = ()


def differing(image: str, own: Pins, others: Mapping[str, Pins]) -> tuple[Finding, ...]:
    """Return the findings (PRN130) for what an image pins otherwise than others do.

    The largest saving comes first; beyond MOST they are counted by one finding.
    """
    rows = []
    for key, pin in own.pins.items():
        there = {name: other.pins[key] for name, other in others.items() if key in other.pins}
        if all(_same(item.version, pin.version) for item in there.values()):
            continue
        apart = {name for name in there if not _share(own.python, others[name].python)}
        saving = saved({image: pin, **there}, apart)
        rows.append((saving, key, _finding(key, {image: pin, **there}, saving, apart)))
    rows.sort(key=lambda row: (-row[0].size_bytes, row[1]))
    return (*(finding for *_, finding in rows[:MOST]), *_rest(rows[MOST:]))


def _rest(rows: Sequence[tuple[Saving, str, Finding]]) -> Iterator[Finding]:
    if rows:
        total = sum(saving.size_bytes for saving, *_ in rows)
        what = f"{len(rows)} more are pinned differently in several images"
        yield _note("other distributions", f"{what}; sharing them would save {size(total)}")


def saved(pins: Mapping[str, Pin], apart: Iterable[str] = ()) -> Saving:
    """Return what is spared where only one image's copy stays, the newest version's.

    Images that are `apart` share no layer in any case.
    """
    sharing = {name: pin for name, pin in pins.items() if name not in set(apart)}
    if len(sharing) < 2:  # noqa: PLR2004
        return Saving(0)
    stays = max(sharing, key=lambda name: _order(sharing[name].version))
    rest = {name: pin for name, pin in sharing.items() if name != stays}
    unknown = tuple(name for name, pin in rest.items() if pin.size_bytes is None)
    return Saving(sum(pin.size_bytes or 0 for pin in rest.values()), unknown)


def _finding(key: str, pins: Mapping[str, Pin], saving: Saving, apart: set[str]) -> Finding:
    where: dict[str, list[str]] = defaultdict(list)
    for name, pin in pins.items():
        where[pin.version].append(name)
    versions = sorted(where, key=_order, reverse=True)
    listed = ", ".join(f"{version} in {_joined(where[version])}" for version in versions)
    labels = {_local(version) for version in versions}
    text = f"is pinned as {listed}; {_saving(saving, pins, apart)}"
    if len(labels) == len(versions):
        fix = "these are builds of their own for other machines; --align leaves them as they are"
        return _note(key, text, fix)
    return _note(key, text)


def _saving(saving: Saving, pins: Mapping[str, Pin], apart: set[str]) -> str:
    python = f"{_joined(sorted(apart))}: another Python, so no layer is shared" if apart else ""
    if apart and len(pins) - len(apart) < 2:  # noqa: PLR2004
        return python
    known = f"sharing one version would save {size(saving.size_bytes)}"
    if saving.unknown:
        unknown = f"its size in {_joined(saving.unknown)} is unknown"
        known = f"{known} and more, as {unknown}" if saving.size_bytes else unknown
    return f"{known} ({python})" if python else known


def _note(where: str, what: str, fix: str = "`pruner lock --all --align`") -> Finding:
    return Finding(code="PRN130", severity="note", where=where, what=what, fix=fix)


def _joined(names: Sequence[str]) -> str:
    if len(names) > MOST_IMAGES:
        return f"{', '.join(names[:MOST_IMAGES])} and {len(names) - MOST_IMAGES} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _share(one: str | None, other: str | None) -> bool:
    """Return whether two images can share a layer; where nothing is known they may."""
    return one is None or other is None or one == other


# --- settling it -----------------------------------------------------------------------------


def moves(kept: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[Aligned, ...]]:
    """Return what each image would have to move to share the newest version that any image has.

    `kept` are versions by image and key. Builds with a local label ("+cpu") are for a machine of
    their own, and only compared among themselves.
    """
    found: dict[str, list[Aligned]] = defaultdict(list)
    for key in sorted({key for pins in kept.values() for key in pins}):
        labels: dict[str, dict[str, str]] = defaultdict(dict)
        for image, pins in kept.items():
            if key in pins and _parsed(pins[key]) is not None:
                labels[_local(pins[key])][image] = pins[key]
        for versions in labels.values():
            target = max(versions.values(), key=_order)
            having = tuple(name for name in versions if _same(versions[name], target))
            for image, version in versions.items():
                if image not in having:
                    found[image].append(
                        Aligned(name=key, before=version, version=target, images=having)
                    )
    return {image: tuple(rows) for image, rows in found.items()}


def tied(keys: Sequence[str], dists: Iterable[Distribution]) -> list[tuple[str, ...]]:
    """Return the keys in groups that have to move together: one needs the other exactly."""
    groups = {key: {key} for key in keys}
    for dist in dists:
        for line in dist.requires if dist.key in groups else ():
            need = _exact(line)
            if need in groups and groups[need] is not groups[dist.key]:
                groups[dist.key] |= groups[need]
                for key in tuple(groups[need]):
                    groups[key] = groups[dist.key]
    return list(dict.fromkeys(tuple(sorted(group)) for group in groups.values()))


def parts(groups: Sequence[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """Return what is tried of groups that failed together: halves, and at last single ones."""
    if len(groups) > 1:
        half = len(groups) // 2
        return [list(groups[:half]), list(groups[half:])]
    keys = groups[0]
    return [[(key,)] for key in keys] if len(keys) > 1 else []


def _exact(line: str) -> str:
    """Return the key of what a requirement line wants in one version alone, else ""."""
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return ""
    exact = [item for item in requirement.specifier if item.operator in {"==", "==="}]
    return normalise(requirement.name) if exact else ""


class Asking(NamedTuple):
    """Someone who has a say in versions: a kept distribution, or a line of a requirement file."""

    who: str
    key: str  # "" for a line of a file
    lines: tuple[str, ...]


def forbidden(
    targets: Mapping[str, str],
    before: Mapping[str, str],
    asking: Iterable[Asking],
    markers: Mapping[str, str],
) -> dict[str, str]:
    """Return which targets (key -> version) something that does not move rules out, and why.

    What did not hold `before` (key -> version) either rules out nothing.
    """
    found: dict[str, str] = {}
    for one in asking:
        if one.key in targets:
            continue
        for requirement in required(one.lines, markers):
            key = normalise(requirement.name)
            if (
                key in targets
                and not fits(requirement, targets[key])
                and fits(requirement, before.get(key, targets[key]))
            ):
                found.setdefault(key, f"{one.who} asks for {key}{requirement.specifier}")
    return found


def explained(
    verdicts: Iterable[Verdict], aligned: Iterable[Aligned], before: Iterable[Verdict]
) -> tuple[Verdict, ...]:
    """Return the verdicts with the reason for each pin that was moved, and what led there."""
    reasons = {row.name: row for row in aligned}
    old = {row.name: row for row in before}
    return tuple(
        _explained(row, reasons[row.name], old.get(row.name)) if row.name in reasons else row
        for row in verdicts
    )


def _explained(row: Verdict, aligned: Aligned, old: Verdict | None) -> Verdict:
    if old is None:
        return msgspec.structs.replace(row, why=moved(aligned))
    return msgspec.structs.replace(
        row,
        why=f"{moved(aligned)}; {old.why}",
        needs=old.needs,
        chain=old.chain,
        used_by=old.used_by,
    )


def moved(aligned: Aligned) -> str:
    """Return in words why a pin was moved: "aligned with web, from 3.4"."""
    came = f", from {aligned.before}" if aligned.before else ", new here"
    if not aligned.images:
        return f"moves along with what was aligned{came}"
    return f"aligned with {_joined(aligned.images)}{came}"


def stays(aligned: Aligned, why: str) -> Finding:
    """Return the note (PRN132) on a pin that could not be moved."""
    there = f"{aligned.version} as in {_joined(aligned.images)}"
    return Finding(
        code="PRN132",
        severity="note",
        where=aligned.name,
        what=f"stays {aligned.before} and does not become {there}: {why}",
    )


# --- versions --------------------------------------------------------------------------------


def _parsed(version: str) -> Version | None:
    try:
        return Version(version)
    except InvalidVersion:
        return None


def _order(version: str) -> tuple[bool, Version, str]:
    """Return what versions are sorted by; what is no version comes first."""
    parsed = _parsed(version)
    return parsed is not None, parsed or Version("0"), version


def _same(one: str, other: str) -> bool:
    left, right = _parsed(one), _parsed(other)
    return one == other if left is None or right is None else left == right


def _local(version: str) -> str:
    parsed = _parsed(version)
    return (parsed.local if parsed else None) or ""
