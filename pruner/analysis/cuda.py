"""Which releases go together with one CUDA: what to choose from where two builds do not."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.version import Version

from pruner.analysis.rivals import Family
from pruner.model import Choice, Inventory, Value

_LOCAL = re.compile(r"cu([0-9]+)([0-9])")  # "cu121" is 12.1, "cu118" is 11.8


class Build(Value, frozen=True):
    """What one release is built for: "12.1" and "8.9", "" where it needs none."""

    distribution: str
    version: str
    local: str = ""  # of another index: "cu121"
    cuda: str = ""
    cudnn: str = ""

    @property
    def stack(self) -> tuple[str, str]:
        """The major versions of CUDA and cuDNN: what has to be the same."""
        return self.cuda.partition(".")[0], self.cudnn.partition(".")[0]


class Feed(Value, frozen=True):
    """A release that a vendor's own index has for another CUDA, and how a person finds that."""

    build: Build
    what: str


class Releases(NamedTuple):
    """What is known of releases."""

    builds: Sequence[Build]
    feeds: Sequence[Feed] = ()
    families: Sequence[Family] = ()


def choices(
    image: str, key: str, inventory: Inventory, known: Releases, beside: Mapping[str, str]
) -> tuple[Choice, ...]:
    """Return what fits in place of a distribution that is built for another CUDA than is here.

    `beside` has who on the index brings each library that is missing: SONAME -> distribution.
    """
    fitting = [
        *_other_releases(key, inventory, known.builds),
        *_other_pairs(key, inventory, known.builds),
    ]
    others = [*_libraries(key, beside), *_without(key, inventory, known.families)]
    return (
        *(Choice(what=what, config=line(image, use)) for what, use in fitting),
        *_other_indexes(image, key, inventory, known),
        *(Choice(what=what, config=line(image, use)) for what, use in others),
    )


def line(image: str, use: Iterable[str]) -> str:
    """Return the line of configuration that uses some requirements."""
    return f"use = [{', '.join(map(_quoted, use))}]  # [images.{image}]"


def anchors(key: str, inventory: Inventory, builds: Sequence[Build]) -> tuple[Build, ...]:
    """Return what else here is built for a CUDA, by what is known of its release."""
    found = (
        _build_of(dist.key, Version(dist.version), builds)
        for dist in inventory.distributions
        if dist.key != key
    )
    return tuple(row for row in found if row is not None and row.cuda)


def _build_of(key: str, version: Version, builds: Iterable[Build]) -> Build | None:
    """Return what a release is built for: by its own row, else by its local version ("cu121").

    What such a build has of cuDNN is taken from the plain index's build for the same CUDA.
    """
    rows = [
        row
        for row in builds
        if row.distribution == key and Version(row.version) == _public(version)
    ]
    local = version.local or ""
    own = next((row for row in rows if row.local == local), None)
    named = _LOCAL.fullmatch(local)
    if own is not None or named is None:
        return own
    cuda = f"{named[1]}.{named[2]}"
    cudnn = next((row.cudnn for row in rows if row.stack[0] == named[1]), "")
    return Build(
        distribution=key, version=str(_public(version)), local=local, cuda=cuda, cudnn=cudnn
    )


def _public(version: Version) -> Version:
    return Version(version.public)


def _other_releases(
    key: str, inventory: Inventory, builds: Sequence[Build]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the release of it that fits what else is here."""
    stacks = {row.stack for row in anchors(key, inventory, builds)}
    if len(stacks) != 1:
        return
    (stack,) = stacks
    now = _version(inventory, key)
    fitting = [row for row in builds if row.distribution == key and row.stack == stack]
    fitting = [row for row in fitting if not row.local and Version(row.version) != now]
    if not fitting or now is None:
        return
    later = [row for row in fitting if Version(row.version) > now]
    best = _first_minor(later) if later else max(fitting, key=lambda row: Version(row.version))
    yield f"{key} {best.version}, built for CUDA {best.cuda}", (f"{key}=={best.version}",)


def _other_pairs(
    key: str, inventory: Inventory, builds: Sequence[Build]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the next release of what else is here for whose CUDA there is a release of it."""
    now = _version(inventory, key)
    own = [row for row in builds if row.distribution == key and row.cuda and not row.local]
    for anchor in anchors(key, inventory, builds):
        if now is None or any(row.stack == anchor.stack for row in own):
            continue
        later = [
            row
            for row in builds
            if row.distribution == anchor.distribution
            and Version(row.version) > Version(anchor.version)
            and not row.local
            and any(row.stack == other.stack for other in own)
        ]
        if later:
            best = _first_minor(later)
            match = _first_minor([row for row in own if row.stack == best.stack])
            both = f"{best.distribution} {best.version} with {key} {match.version}"
            what = f"{both}, for CUDA {best.stack[0]} and cuDNN {best.stack[1]}"
            yield what, (f"{best.distribution}=={best.version}", f"{key}=={match.version}")


def _other_indexes(image: str, key: str, inventory: Inventory, known: Releases) -> Iterator[Choice]:
    """Yield the same release from an index that has it for what else is here.

    It has to be installed from there before it can be traced, so the requirements say it too.
    """
    now = _version(inventory, key)
    stacks = {row.stack for row in anchors(key, inventory, known.builds)}
    for feed in known.feeds:
        build = feed.build
        same = build.distribution == key and Version(build.version) == now
        if same and stacks == {build.stack}:
            where = f'indexes = {{ "ADDRESS" = ["{key}"] }}  # [images.{image}]'
            yield Choice(
                what=f"{key} {build.version} from {feed.what}, in the requirements as well",
                config=where,
            )


def _libraries(key: str, beside: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the libraries that it misses, installed beside the others."""
    owners = tuple(sorted({owner for owner in beside.values() if owner}))
    if owners and all(beside.values()):
        yield f"what {key} misses beside the rest, and LD_LIBRARY_PATH that leads to it", owners


def _without(
    key: str, inventory: Inventory, families: Iterable[Family]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the build that needs no GPU."""
    now = _version(inventory, key)
    for family in families:
        if family.kind == "builds" and family.member(key) is not None:
            plain = [row.distribution for row in family.members if row.gpu is False]
            for name in plain[:1]:
                here = _version(inventory, name)
                yield f"{name}, which runs on the CPU", (f"{name}=={here or now}",)


def _first_minor(rows: Iterable[Build]) -> Build:
    """Return the newest release of the lowest minor version."""
    ordered = sorted(rows, key=lambda row: Version(row.version))
    lowest = Version(ordered[0].version).release[:2]
    return [row for row in ordered if Version(row.version).release[:2] == lowest][-1]


def _version(inventory: Inventory, key: str) -> Version | None:
    return next(
        (Version(dist.version) for dist in inventory.distributions if dist.key == key), None
    )


def _quoted(text: str) -> str:
    return f'"{text}"'
