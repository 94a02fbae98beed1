"""`pruner drift --upgrade-check`: what an index has withdrawn, and newer releases, proven first."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from pruner.clock import Clock
from pruner.document import Document
from pruner.drift.found import drifted
from pruner.errors import PrunerError, UsageError
from pruner.image.dockerfile import dockerfile_of
from pruner.jobs.drift_static import pins_of
from pruner.jobs.inputs import requirements
from pruner.jobs.lock import Job
from pruner.jobs.observe import declared_places
from pruner.jobs.verify import Written, check
from pruner.lock.header import CONSTRAINTS
from pruner.lock.upgrading import moved, newer, withdrawn
from pruner.model import Finding
from pruner.requirements import Requirements
from pruner.sandbox.base import Sandbox

MOST_PROOFS = 8
"""Releases that are tried one by one where all of them together are not proven."""

Opened = Callable[[], AbstractContextManager[Sandbox]]


class Case(NamedTuple):
    """The lock of an image, and where its releases come from."""

    job: Job
    document: Document
    pins: Mapping[str, str]
    asked: Requirements


def upgrades(job: Job, document: Document, opened: Opened, clock: Clock) -> Iterator[Finding]:
    """Yield the pins that were withdrawn, and newer releases; raises PrunerError.

    A newer release is proposed where the agents fare with it as they did when the lock was made.
    """
    asked = requirements(job.config, job.image, dockerfile_of(job.image, job.config.root))[0]
    case = Case(job, document, pins_of(job.config, job.image, document), asked)
    if not case.pins:
        return
    name, places = job.image.name, declared_places(job.config, job.image)
    where = {row.key: f"{row.file}:{row.line}" for row in reversed(asked.requirements)}
    with clock.step(f"ask for releases of {name}", sandbox=False):
        gone = withdrawn(name, document.python, case.pins, places)
        later = _newer(case, clock)
    proven, why = _proven(case, later, opened, clock) if later else ({}, {})
    for key, reason in sorted(gone.items()):
        said = f": {reason}" if reason else ""
        what = f"{key} {case.pins[key]} was withdrawn from its index{said}"
        yield drifted("PRN580", where.get(key, key), what, fix=_fix(key, proven, where))
    for key, version in later.items():
        what = f"{key} {version} is there, and the lock has {case.pins[key]}"
        if key in proven:
            text = f"{what}; the agents fare with it as before"
            yield drifted("PRN581", where.get(key, key), text, fix=_fix(key, proven, where))
        else:
            text = f"{what}; not proposed: {why.get(key, 'it was not tried')}"
            yield drifted("PRN581", where.get(key, key), text, fix="nothing; it is not proven")


def _fix(key: str, proven: Mapping[str, str], where: Mapping[str, str]) -> str:
    if key not in proven:
        return ""
    line = f"{key}=={proven[key]}"
    return f"`{line}` in {where.get(key, 'the requirements')}, then lock the image anew"


def _newer(case: Case, clock: Clock) -> dict[str, str]:
    job, python = case.job, case.document.python
    places = declared_places(job.config, job.image)
    try:
        return newer(job.image.name, python, case.pins, case.asked.requirements, places)
    except UsageError as error:
        clock.note(f"{job.image.name}: the newest releases do not go together: {error.message}")
        return {}


def _proven(
    case: Case, later: Mapping[str, str], opened: Opened, clock: Clock
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the releases that are proven together, and why others are not.

    First all of them, then one by one, then together those that passed by themselves.
    """
    wrong = _differs(case, later, opened, clock)
    if not wrong:
        return dict(later), {}
    if len(later) == 1:
        return {}, dict.fromkeys(later, wrong)
    why: dict[str, str] = {}
    for key in list(later)[:MOST_PROOFS]:
        wrong = _differs(case, {key: later[key]}, opened, clock)
        if wrong:
            why[key] = wrong
    good = {key: later[key] for key in list(later)[:MOST_PROOFS] if key not in why}
    if len(good) > 1 and (wrong := _differs(case, good, opened, clock)):
        return {}, {**dict.fromkeys(good, f"with others: {wrong}"), **why}
    return good, why


def _differs(case: Case, versions: Mapping[str, str], opened: Opened, clock: Clock) -> str:
    """Return what speaks against these versions in a sandbox, "" where nothing does."""
    job, document = case.job, case.document
    folder = job.config.locks_of(job.image)
    clock.note(f"{job.image.name}: try {', '.join(f'{k}=={v}' for k, v in versions.items())}")
    try:
        places = declared_places(job.config, job.image)
        text = _text(folder / "requirements.txt")
        text = moved(job.image.name, document.python, text, versions, places)
        written = Written(document, folder / "requirements.txt", text, _text(folder / CONSTRAINTS))
        with opened() as sandbox:
            proof = check(job, written, sandbox, clock).proof
    except PrunerError as error:
        return error.message
    return "; ".join(proof.differences) if proof is not None else ""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
