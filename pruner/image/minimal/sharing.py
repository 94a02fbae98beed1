"""What images have in common, so that it is in one layer: which pins, for which images."""

from collections.abc import Iterable, Mapping
from itertools import combinations

from pruner.model import Value

LEAST_BYTES = 1_000_000
"""What sharing has to save: a layer more is not for nothing."""


class Pins(Value, frozen=True):
    """The pins of one image: the text of each, with its hashes, by name; its size in bytes."""

    image: str
    key: tuple[str, ...]  # base, Python, place: only images with the same can share
    texts: Mapping[str, str]
    sizes: Mapping[str, int]


class Group(Value, frozen=True):
    """Images, and the names of the pins that they share."""

    images: tuple[str, ...]
    names: tuple[str, ...]
    size_bytes: int

    @property
    def saved_bytes(self) -> int:
        """What one layer instead of one in each image saves."""
        return self.size_bytes * (len(self.images) - 1)


def groups(pins: Iterable[Pins]) -> tuple[Group, ...]:
    """Return groups of images that share pins: the one that saves most first, each image once.

    What a group shares is what two of its images have in common, and all others have as well.
    """
    left = sorted(pins, key=lambda each: each.image)
    found: list[Group] = []
    while candidates := [_group(a, b, left) for a, b in combinations(left, 2) if a.key == b.key]:
        best = max(candidates, key=lambda group: (group.saved_bytes, group.images))
        if best.saved_bytes < LEAST_BYTES:
            break
        found.append(best)
        left = [each for each in left if each.image not in best.images]
    return tuple(found)


def _group(a: Pins, b: Pins, everyone: Iterable[Pins]) -> Group:
    common = {name: text for name, text in a.texts.items() if b.texts.get(name) == text}
    members = [each for each in everyone if each.key == a.key and _has(each, common)]
    return Group(
        images=tuple(each.image for each in members),
        names=tuple(sorted(common)),
        size_bytes=sum(a.sizes.get(name, 0) for name in common),
    )


def _has(pins: Pins, texts: Mapping[str, str]) -> bool:
    return all(pins.texts.get(name) == text for name, text in texts.items())


def pin_texts(requirements: str) -> dict[str, str]:
    """Return the pins of a requirements.txt, each with its hashes, by name as it stands there.

    Only what an index has by its name: what is pinned to a URL or a folder is left out.
    """
    found: dict[str, str] = {}
    block: list[str] = []
    for line in [*requirements.splitlines(), "end"]:
        if line[:1].isspace():
            block.append(line)
            continue
        name, equals, _ = (block[0] if block else "").partition("==")
        if equals and "@" not in block[0]:
            found[name.strip()] = "\n".join(block)
        block = [] if line.startswith(("#", "-")) or not line.strip() else [line]
    return found
