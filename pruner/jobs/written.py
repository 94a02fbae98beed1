"""What pruner writes to `locks/<image>/`, as one set: its files, what it pins, whether proven."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_version

from pruner.document import Document
from pruner.errors import UsageError
from pruner.files import regular
from pruner.jobs.committed import MAX_BYTES, parse_verdicts
from pruner.lock.guard import MODULE
from pruner.lock.header import CONSTRAINTS
from pruner.model import Value, normalise

REQUIREMENTS = "requirements.txt"
VERDICTS = "verdicts.json"
FILES = frozenset(
    {
        REQUIREMENTS,
        "pylock.toml",
        CONSTRAINTS,
        VERDICTS,
        *(f"{MODULE}.{suffix}" for suffix in ("py", "pth", "start")),
        "Dockerfile",
        ".dockerignore",
        "Dockerfile.dockerignore",
    }
)
"""The names of pruner's own files there; any other is somebody else's, and is never touched."""

Contents = Mapping[str, bytes]
"""The files of a set, by name."""


class Summary(Value, frozen=True):
    """What a set is; `flaw` says why it does not count as proven, "" where it does."""

    flaw: str
    pins: dict[str, str]  # normalised name -> version, or the URL where that is not known
    size_bytes: int | None = None  # of what is kept
    rounds: int = 0
    runtime: str = ""


def read_set(folder: Path) -> dict[str, bytes]:
    """Return pruner's files of a folder; what cannot be read, or is no file, is none of them."""
    found: dict[str, bytes] = {}
    for name in sorted(FILES):
        try:
            found[name] = regular(folder / name, MAX_BYTES)
        except (OSError, ValueError):
            continue
    return found


def hashes(contents: Contents) -> dict[str, str]:
    """Return the sha256 of every file, in hexadecimal."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}


def summary(contents: Contents, image: str) -> Summary:
    """Look at a set, which anyone may have written."""
    document, flaw = _document(contents)
    pins = pins_of(contents.get(REQUIREMENTS, b""), document)
    if document is None:
        return Summary(flaw=flaw, pins=pins)
    proof, sizes = document.proof, document.size_bytes
    return Summary(
        flaw=_flaw(document, pins, image) if REQUIREMENTS in contents else f"no {REQUIREMENTS}",
        pins=pins,
        size_bytes=sizes.after if sizes else None,
        rounds=proof.rounds if proof else 0,
        runtime=document.runtime,
    )


def _flaw(document: Document, pins: Mapping[str, str], image: str) -> str:
    if document.image != image:
        return "it is another image's"
    if document.proof is None or not document.proof.passed:
        return "it was not proven"
    kept = {normalise(row.name): row.version for row in document.distributions if row.kept}
    changed = sorted(
        name for name, version in pins.items() if not _equal(kept.get(name, ""), version)
    )
    if changed:
        return f"{REQUIREMENTS} and {VERDICTS} differ on {changed[0]}"
    if document.lock is None or document.lock.pins != len(pins):
        return f"{REQUIREMENTS} has {len(pins)} pins, and {VERDICTS} tells of others"
    return ""


def _equal(one: str, other: str) -> bool:
    """Compare versions; an installer may spell one in another way than the metadata."""
    return str(canonicalize_version(one)) == str(canonicalize_version(other))


def pins_of(requirements: bytes, document: Document | None) -> dict[str, str]:
    """Return what a requirements.txt of pruner's pins."""
    rows = document.distributions if document else ()
    known = {normalise(row.name): row.version for row in rows}
    found: dict[str, str] = {}
    for line in requirements.decode("utf-8", "replace").splitlines():
        if not line or line[0] in "#- \t":
            continue
        try:
            item = Requirement(line.partition(" --hash=")[0].rstrip("\\ "))
        except InvalidRequirement:
            continue
        name = normalise(item.name)
        exact = [part.version for part in item.specifier if part.operator == "=="]
        found[name] = exact[0] if exact else known.get(name, item.url or "")
    return found


def sameness(contents: Contents) -> str:
    """Return a digest that two sets share where they differ in nothing that counts.

    In verdicts.json that is what was decided and what was seen to run, not how long it took, nor
    what is said of it.
    """
    told = dict(hashes(contents))
    document, _ = _document(contents)
    if document is not None:
        told[VERDICTS] = msgspec.json.encode(_essence(document)).decode()
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


def lock_of(contents: Contents) -> str:
    """Return a digest of what a set has installed: its pins, without what is said of them."""
    lines = [
        line
        for name in (REQUIREMENTS, CONSTRAINTS)
        for line in (name.encode(), *contents.get(name, b"").splitlines())
        if not line.startswith(b"#") and line.strip()
    ]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _essence(document: Document) -> tuple[object, ...]:
    outcomes = [
        (agent.name, [(item.name, item.outcome) for item in agent.exercises])
        for agent in document.agents
    ]
    rows = [(row.name, row.version, row.verdict, row.level) for row in document.distributions]
    passed = document.proof is not None and document.proof.passed
    named = (document.image, document.runtime, document.policy, document.python)
    return (*named, passed, outcomes, rows)


def _document(contents: Contents) -> tuple[Document | None, str]:
    if VERDICTS not in contents:
        return None, f"no {VERDICTS}"
    try:
        return parse_verdicts(Path(VERDICTS), contents[VERDICTS]), ""
    except UsageError as error:
        return None, error.message
