"""What stands above the pins: who wrote them, for what, whether they were proven, what was left."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

from pruner import __version__
from pruner.analysis.across import moved
from pruner.document import Document
from pruner.lock.pins import LockText
from pruner.model import Level, Policy

UNPROVEN = "NOT PROVEN: do not ship this lock"


CONSTRAINTS = "build-constraints.txt"
"""The file beside a lock that pins what builds the releases without a wheel."""


def header(document: Document, more: Iterable[str] = (), *, built: bool = False) -> str:
    """Return the comment lines that begin a lock, `more` among them."""
    lines = [
        f"Written by pruner {__version__} for the image {document.image}.",
        f"Policy {document.policy}, Python {document.python}.",
        _how(built=built),
    ]
    lines += more
    proof = document.proof
    if proof is None or not proof.passed:
        lines.append(UNPROVEN)
        lines += [f"  {line}" for line in (proof.differences if proof else ())]
    else:
        agents = ", ".join(agent.name for agent in document.agents)
        lines.append(f"Proven with {agents}, in {_rounds(proof.rounds)}.")
        lines += [f"Put back by the proof: {item.name} ({item.why})" for item in proof.restored]
    lines += _aligned(document)
    lines += _left_out(document)
    return "".join(f"# {line}\n" for line in _wrapped(lines))


def _how(*, built: bool) -> str:
    if not built:
        return "Install it with `uv pip sync` or `pip install --no-deps --require-hashes -r`."
    return (
        f"Install it with `uv pip sync --build-constraints {CONSTRAINTS}` or `pip install --no-deps"
        f" --require-hashes --build-constraint {CONSTRAINTS} -r` (pip 26.1 or newer):"
        f" something has to be built, and {CONSTRAINTS} pins with what."
    )


def provenance(text: LockText, root: Path) -> list[str]:
    """Return the lines that say which pins come from a special index, and what they need.

    Folders below `root`, the project, are named relative to it.
    """
    lines = [
        f"From {place.removeprefix(f'{root}/')} alone: {', '.join(names)}."
        for place, names in text.tied.items()
    ]
    if text.secretive:
        lines.append(
            "Credentials were left out of URLs here: give them to the installer by netrc, keyring,"
            " or an index URL in its environment."
        )
    return lines


def _aligned(document: Document) -> list[str]:
    """Return which pins are not the versions that were traced, and why."""
    if not document.aligned:
        return []
    lines = [f"  {row.name}=={row.version}: {moved(row)}" for row in document.aligned]
    again = f"`pruner lock --image {document.image}` goes back to what is installed"
    return [f"Aligned with other images ({again}; pin these to keep them):", *lines]


def _left_out(document: Document) -> list[str]:
    """Return what was left out on purpose, by level, the strongest evidence first."""
    dropped = [row for row in document.distributions if not row.kept]
    if not dropped:
        return []
    lines = [f"Left out on purpose: {len(dropped)}; verdicts.json says why."]
    for level in sorted(Level, reverse=True):
        names = [f"{row.name}=={row.version}" for row in dropped if row.level == level.word]
        if names:
            lines.append(f"  {level.word} ({len(names)}): {', '.join(names)}")
    lines.append(
        "pruner_guard.* beside this file, copied into site-packages, name what was left out when"
        " something misses it, where PRUNER_GUARD=1 is set."
    )
    if document.policy != Policy.SAFE:
        lines.append("`uv pip check` names those of them that something here declares.")
    return lines


def _rounds(count: int) -> str:
    return "1 round" if count == 1 else f"{count} rounds"


def _wrapped(lines: list[str]) -> list[str]:
    wrapped: list[str] = []
    for line in lines:
        clean = "".join(char for char in line if char.isprintable())
        wrapped += textwrap.wrap(
            clean, 96, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
        )
    return wrapped
