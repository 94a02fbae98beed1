"""What else a lock stands on: its proof, the base image, Python, the configuration, a budget."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pruner.analysis.sizes import size
from pruner.document import Document, Inputs
from pruner.drift.found import drifted
from pruner.model import Finding, normalise

_NAME = re.compile(r"[^A-Za-z0-9._-]")


class Base(NamedTuple):
    """What the Dockerfile of today is built on: `python` as in "3.11", where that is known."""

    name: str
    where: str
    python: str | None = None


class Budget(NamedTuple):
    """How many bytes an image may have, and how many it had when it was built last."""

    most: int
    built: int | None = None


def standing(document: Document, folder: str) -> Iterator[Finding]:
    """Yield what speaks against the lock as it was committed."""
    where = f"{folder}/verdicts.json"
    if document.proof is None or not document.proof.passed:
        yield drifted("PRN500", where, "the lock was not proven")
    for item in document.conflicts:
        if not item.settled:
            names = ", ".join(item.distributions)
            yield drifted("PRN540", where, f"{item.kind}, {names}: {item.why}")


def base(document: Document, inputs: Inputs | None, now: Base | None) -> Iterator[Finding]:
    """Yield how the base image differs, and its Python where its name tells that."""
    if now is None or inputs is None:
        return
    before, digest = inputs.base, document.base.digest if document.base is not None else None
    pinned = _digest(now.name)
    if before and now.name != before:
        what = f"the base image is {now.name}, and the lock was proven on {before}"
        yield drifted("PRN530", now.where, what)
        if now.python is not None and not inputs.settings.get("python"):
            yield from _python(document, now.python, now.where)
    elif pinned and digest is not None and digest != pinned:
        what = f"the base image is {now.name}, and the lock was proven on {digest}"
        yield drifted("PRN530", now.where, what)


def _python(document: Document, wanted: str, where: str) -> Iterator[Finding]:
    if _minor(wanted) != _minor(document.python):
        what = f"Python {wanted} is asked for, and the lock was proven with {document.python}"
        yield drifted("PRN531", where, what)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def moved_base(document: Document, digest: str | None, name: str, where: str) -> Iterator[Finding]:
    """Yield a tag that leads to another image than the one that the lock was proven on."""
    before = document.base.digest if document.base is not None else None
    if digest is None or before is None or "@" in name or digest == before:
        return
    what = f"the tag {name} moved: it was {_short(before)} and is {_short(digest)}"
    yield drifted("PRN530", where, what)


def configuration(
    document: Document, inputs: Inputs | None, now: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """Yield settings of the image that the lock was made without."""
    if inputs is None:
        return
    where = f"images.{document.image}"
    before = inputs.settings
    kept = {row.name for row in document.distributions if row.kept}
    for key, values in now.items():
        new = [value for value in values if value not in before.get(key, ())]
        for value in new:
            if key in {"keep", "use"}:
                if normalise(_NAME.split(value.strip())[0]) not in kept:
                    what = f"{key} has {value}, which the lock has not"
                    yield drifted("PRN513", f"{where}.{key}", what)
            elif key == "python":
                yield from _python(document, value, f"{where}.python")
            elif key != "policy" or value != document.policy:
                old = ", ".join(before.get(key, ())) or "nothing"
                what = f"{key} is {value}, and the lock was made with {old}"
                yield drifted("PRN513", f"{where}.{key}", what)


def budget(document: Document, most: Budget | None) -> Iterator[Finding]:
    """Yield that an image is over its budget: as it was built, else what its lock installs."""
    if most is None:
        return
    sizes = document.size_bytes
    has = most.built if most.built is not None else sizes.after if sizes is not None else None
    if has is None or has <= most.most:
        return
    what = "the image as it was built" if most.built is not None else "the lock without its image"
    text = f"{what} has {size(has)}: {size(has - most.most)} more than {size(most.most)}"
    yield drifted("PRN560", f"images.{document.image}.budget", text, size_bytes=has - most.most)


def _digest(name: str) -> str:
    return name.partition("@")[2]


def _short(digest: str) -> str:
    return digest[:19]
