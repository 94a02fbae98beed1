"""Distributions that were built for another system than this one: newer, or another machine."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Offers, Scene
from pruner.analysis.system import System
from pruner.model import Conflict, Distribution, Proof

MOST_PROOFS = 20
"""Proofs of one conflict."""

_GLIBC_OF = {"manylinux1": "2.5", "manylinux2010": "2.12", "manylinux2014": "2.17"}
_TAG = re.compile(
    r"(?P<old>manylinux1|manylinux2010|manylinux2014)_(?P<arch>\w+)"
    r"|manylinux_(?P<major>\d{1,3})_(?P<minor>\d{1,3})_(?P<march>\w+)"
    r"|(?P<musl>musllinux)_\d{1,3}_\d{1,3}_(?P<larch>\w+)"
    r"|linux_(?P<plain>\w+)"
)


def foreign(link: Linkage, system: System) -> str:
    """Return for what else a library was built: "aarch64", "musl", "glibc"; "" where it fits.

    Wheels bring such libraries for other systems than this one beside those that fit.
    """
    if link.machine and system.machine and link.machine != system.machine:
        word = link.machine.word
        same = word == system.machine.word
        return f"{link.machine.bits}-bit {word}" if same else word
    if system.libc == "glibc" and any(
        name == "libc.so" or name.startswith("libc.musl-") for name in link.needed
    ):
        return "another C library than glibc"
    if system.libc == "musl" and "libc.so.6" in link.needed:
        return "" if "libc.so.6" in system.libraries else "glibc"
    return ""


def platform_conflict(scene: Scene, offers: Offers, dist: Distribution) -> Conflict | None:
    """Return why a distribution does not fit the system; None where it does, or nobody can tell."""
    reasons: dict[str, list[Proof]] = defaultdict(list)
    for reason, proof in (
        *_of_other_systems(scene, offers, dist),
        *_of_newer_ones(scene, offers, dist),
        *_of_tags(scene.system, dist),
    ):
        reasons[reason].append(proof)
    if not reasons:
        return None
    proofs = [proof for some in reasons.values() for proof in some]
    return Conflict(
        kind="platform",
        distributions=(dist.key,),
        why="; ".join(reasons),
        settled=True,
        proof=tuple(proofs[:MOST_PROOFS]),
    )


def _of_other_systems(
    scene: Scene, offers: Offers, dist: Distribution
) -> Iterator[tuple[str, Proof]]:
    """Yield the libraries of a distribution that has none for this system."""
    read = [path for path in offers.libraries(dist.key) if not offers.link(path).error]
    kinds = {path: foreign(offers.link(path), scene.system) for path in read}
    if not all(kinds.values()) or not offers.mapped.isdisjoint(read):
        return
    here = _here(scene.system)
    for path, kind in kinds.items():
        reason = f"its libraries are built for {kind}, and this is {here}"
        yield reason, Proof(kind="built-for", what=kind, by=offers.below_site(path))


def _here(system: System) -> str:
    machine = system.machine.word if system.machine else "another machine"
    return f"{machine} with {system.libc} {system.version}".strip() if system.libc else machine


def _of_newer_ones(scene: Scene, offers: Offers, dist: Distribution) -> Iterator[tuple[str, Proof]]:
    """Yield the versions of symbols that the system's libraries are too old for."""
    needs = [  # (version, library)
        (version, path)
        for path in offers.libraries(dist.key)
        if path not in offers.mapped and not foreign(offers.link(path), scene.system)
        for name, versions in offers.link(path).versions.items()
        for version in versions
        if _is_too_new(version, scene.system) and not _brings(offers, dist.key, path, name)
    ]
    highest: dict[str, str] = {}
    for version, _ in sorted(needs, key=lambda need: _numbers(need[0])):
        highest[version.partition("_")[0]] = version
    for version, path in needs:
        kind = version.partition("_")[0]
        reason = (
            f"its libraries need {highest[kind]}, and the system has {_has(kind, scene.system)}"
        )
        yield reason, Proof(kind="needed", what=version, by=offers.below_site(path))


def _brings(offers: Offers, key: str, path: str, name: str) -> bool:
    """Tell whether the library that a version is asked of is another one than the system's."""
    return bool(offers.own(key, name)) or offers.led_to(key, path, name)


def _is_too_new(version: str, system: System) -> bool:
    has = _has(version.partition("_")[0], system)
    return bool(has) and _numbers(version) > _numbers(has)


def _has(kind: str, system: System) -> str:
    """Return the highest version of a family that the system has; "" where it cannot be told."""
    number = system.version if kind == "GLIBC" else system.symbols.get(kind, "")
    known = system.libc == "glibc" or kind != "GLIBC"
    return f"{kind}_{number}" if number and known else ""


def _of_tags(system: System, dist: Distribution) -> Iterator[tuple[str, Proof]]:
    """Yield the tags of a wheel that no installer would take here."""
    platforms = [part for tag in dist.tags for part in tag.rpartition("-")[2].split(".")]
    if not platforms or "any" in platforms or not system.known or not system.machine:
        return
    whys = [_refused(platform, system) for platform in platforms]
    if not all(whys):
        return
    for platform in platforms:
        reason = f"its wheel is for {_shortest(platforms)}, and this is {_here(system)}"
        yield reason, Proof(kind="tag", what=platform, by=f"{dist.name}-{dist.version}")


def _refused(platform: str, system: System) -> bool:
    """Tell whether a tag is for another system; one that is not understood is not."""
    match = _TAG.fullmatch(platform)
    if not match:
        return False
    arch = match["arch"] or match["march"] or match["larch"] or match["plain"]
    if system.machine and not _same_machine(arch, system.machine.word):
        return True
    if match["plain"]:
        return False
    if match["musl"] or system.libc == "musl":
        return bool(match["musl"]) != (system.libc == "musl")
    wanted = _GLIBC_OF[match["old"]] if match["old"] else f"{match['major']}.{match['minor']}"
    return bool(system.version) and _numbers(wanted) > _numbers(system.version)


def _same_machine(arch: str, word: str) -> bool:
    """Compare the names of processors; of those that have several, any will do."""
    families = {"i686": "i386", "i386": "i386", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm"}
    return families.get(arch, arch) == word


def _shortest(platforms: Sequence[str]) -> str:
    return min(platforms, key=len)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers in "GLIBC_2.34" or "2.34"."""
    return tuple(int(part) for part in re.findall(r"[0-9]+", version))
