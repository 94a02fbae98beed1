"""What else a lock stands on: its proof, the base image, Python, the configuration, a budget."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pruner.analysis.sizes import size
from pruner.drift.found import drifted
from pruner.model import Document, Finding, Inputs, normalise


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


def base(
    document: Document, inputs: Inputs | None, now: Base | None, python: str | None
) -> Iterator[Finding]:
    """Yield how the base image and its Python differ; `python` is that of the configuration."""
    before = inputs.base if inputs is not None else ""
    if now is not None and before and now.name != before:
        what = f"the base image is {now.name}, and the lock was proven on {before}"
        yield drifted("PRN530", now.where, what)
    elif now is not None and _digest(now.name) and document.base is not None:
        digest = document.base.digest
        if digest is not None and digest != _digest(now.name):
            what = f"the base image is {now.name}, and the lock was proven on {digest}"
            yield drifted("PRN530", now.where, what)
    wanted = python or (now.python if now is not None else None)
    minor = ".".join(document.python.split(".")[:2])
    if wanted and ".".join(wanted.split(".")[:2]) != minor:
        where = now.where if now is not None and not python else f"images.{document.image}.python"
        what = f"Python {wanted} is asked for, and the lock was proven with {document.python}"
        yield drifted("PRN531", where, what)


def moved_base(document: Document, digest: str | None, name: str, where: str) -> Iterator[Finding]:
    """Yield a tag that leads to another image than the one that the lock was proven on."""
    before = document.base.digest if document.base is not None else None
    if digest is None or before is None or "@" in name or digest == before:
        return
    what = f"the tag {name} moved: it was {_short(before)} and is {_short(digest)}"
    yield drifted("PRN530", where, what)


def configuration(
    document: Document, policy: str, keep: Sequence[str], use: Sequence[str]
) -> Iterator[Finding]:
    """Yield settings of the image that the lock was made without."""
    where = f"images.{document.image}"
    if policy != document.policy:
        what = f"the policy is {policy}, and the lock was made with {document.policy}"
        yield drifted("PRN513", f"{where}.policy", what)
    kept = {row.name for row in document.distributions if row.kept}
    for name in keep:
        if normalise(name) not in kept:
            yield drifted("PRN513", f"{where}.keep", f"keeps {name}, which the lock has not")
    for line in use:
        name = normalise(line.partition("=")[0].partition("[")[0].strip())
        if name not in kept:
            yield drifted("PRN513", f"{where}.use", f"uses {line}, which the lock has not")


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
