"""The slow part of `pruner drift`: what `pruner lock` would say today, compared, not written."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from pruner.clock import Clock
from pruner.config import Config, Image
from pruner.document import Document
from pruner.drift.message import message
from pruner.drift.settings import moved_base
from pruner.drift.values import Drift, ordered
from pruner.drift.verdicts import compared, unneeded
from pruner.errors import Exit, PrunerError, UsageError
from pruner.image.dockerfile import dockerfile_of
from pruner.jobs.drift import drift_of, presentable
from pruner.jobs.drift_memory import (
    SCHEMA,
    Night,
    Told,
    digest_of,
    forget,
    recalled,
    remember,
    tell,
)
from pruner.jobs.inputs import requirements
from pruner.jobs.lock import Job, Locked, commit, locked
from pruner.jobs.nights import nights
from pruner.jobs.remember import Figures, of_drift
from pruner.jobs.upgrades import upgrades
from pruner.model import Finding, Level, normalise
from pruner.sandbox import engine
from pruner.sandbox.base import Sandbox
from pruner.sandbox.bases import digest_of_tag


class Wish(NamedTuple):
    """How it was called; `nights` without a use are many, `update` writes the new lock."""

    runtime: str = "auto"
    once: bool = False
    fresh: bool = False
    update: bool = False
    upgrades: bool = False
    nights: int = 30


class _Night(NamedTuple):
    """What a night found, the document of today where agents were run, and what they used."""

    drift: Drift
    needed: tuple[str, ...]
    today: Document | None = None


class Traces:
    """Runs the agents of images where something that they depend on has changed.

    `ended` is told of each image that came to its end: its exit code, and figures for the history.
    """

    def __init__(
        self,
        wish: Wish,
        order: Callable[[Image], Job],
        opened: Callable[[], AbstractContextManager[Sandbox]],
        clock: Clock,
        ended: Callable[[str, int, Figures], object],
    ) -> None:
        self._wish, self._order, self._opened, self._clock = wish, order, opened, clock
        self._ended = ended

    def __call__(self, image: Image, document: Document, found: tuple[Finding, ...]) -> Drift:
        """Return what the files said, `found`, with what the runs say; raises PrunerError."""
        job = self._order(image)
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        night = self._ran(job, document, found, at)
        drift = night.drift
        if self._wish.upgrades:
            more = upgrades(job, document, self._opened, self._clock)
            drift = msgspec.structs.replace(drift, findings=ordered((*drift.findings, *more)))
        self._tell(job.config, image, Told(schema=SCHEMA, when=at, drift=presentable(drift)))
        code = Exit.OK if drift.clean else Exit.FOUND
        self._ended(image.name, code, of_drift(drift, night.today, night.needed))
        return drift

    def _ran(self, job: Job, document: Document, found: tuple[Finding, ...], at: str) -> _Night:
        image = job.image
        config = job.config
        found = (*found, *_base(image, document, self._wish.runtime))
        digest = digest_of(config, job.image, self._asked(job))
        night = None if self._wish.fresh else recalled(config, image)
        if night is not None and night.digest == digest and _clean(found):
            return _Night(self._skipped(config, image, document, found, night), night.needed)
        forget(config, image)
        with self._opened() as sandbox:
            done = locked(job, sandbox, self._clock, once=self._wish.once, write=False)
        notes = (*compared(document, done.document, _where(config, image)),)
        drift = self._drift(config, image, document, (*found, *notes))
        needed = _needed(done.document)
        if drift.clean:
            kept = Night(schema=SCHEMA, when=at, digest=digest, notes=notes, needed=needed)
            remember(config, image, kept)
        drift = msgspec.structs.replace(drift, traced=True)
        if self._wish.update:
            drift = self._updated(drift, document, done)
        return _Night(drift, needed, done.document)

    def _asked(self, job: Job) -> tuple[str, ...]:
        agents = (agent.name for agent in job.agents)
        return (self._wish.runtime, str(self._wish.once), job.policy, *agents)

    def _skipped(
        self,
        config: Config,
        image: Image,
        document: Document,
        found: tuple[Finding, ...],
        night: Night,
    ) -> Drift:
        why = f"nothing that the runs depend on has changed since {night.when}, which found nothing"
        self._clock.note(f"{image.name}: not run: {why} (--fresh runs all the same)")
        drift = self._drift(config, image, document, (*found, *night.notes))
        return msgspec.structs.replace(drift, skipped=why)

    def _drift(
        self, config: Config, image: Image, document: Document, found: tuple[Finding, ...]
    ) -> Drift:
        past: tuple[frozenset[str], ...] = ()
        try:
            past = nights(config, image, self._wish.nights)
        except (PrunerError, OSError) as error:
            self._clock.note(f"warning: the history was not read: {error}")
        keep = {normalise(name) for name in image.keep}
        return drift_of(image, document, (*found, *unneeded(document, past, keep)))

    def _tell(self, config: Config, image: Image, last: Told) -> None:
        """Keep what was found for reports; a night is not lost where that cannot be written."""
        try:
            tell(config, image, last)
        except PrunerError as error:
            what = f"{image.name}: {error.message}; reports have no such night"
            self._clock.note(f"warning: {what}")

    def _updated(self, drift: Drift, before: Document, done: Locked) -> Drift:
        """Write the lock of today where anything has drifted; with its message where proven."""
        if drift.clean:
            return drift
        done = commit(done, self._clock)
        if not done.proven:
            self._clock.note(f"{drift.image}: NOT PROVEN, so the lock stays as it was")
            return drift
        text = message(before, done.document, drift.findings)
        return msgspec.structs.replace(drift, commit=text)


def _clean(findings: tuple[Finding, ...]) -> bool:
    return all(item.severity == "note" for item in findings)


def _needed(document: Document) -> tuple[str, ...]:
    observed = Level.OBSERVED.word
    rows = (row for row in document.distributions if row.level == observed)
    return tuple(sorted(f"{row.name}=={row.version}" for row in rows))


def _where(config: Config, image: Image) -> dict[str, str]:
    """Return where each distribution is asked for."""
    try:
        asked = requirements(config, image, dockerfile_of(image, config.root))[0]
    except UsageError:
        return {}
    return {row.key: f"{row.file}:{row.line}" for row in reversed(asked.requirements)}


def _base(image: Image, document: Document, runtime: str) -> Iterator[Finding]:
    """Yield that the tag of the base leads elsewhere in its registry, where that can be asked."""
    known = document.base
    if runtime == "local" or known is None or known.digest is None or image.dockerfile is None:
        return
    try:
        client = engine.connect()
    except PrunerError:
        return  # whoever needs it will say so
    try:
        name = known.name
        yield from moved_base(document, digest_of_tag(client, name), name, image.dockerfile)
    finally:
        client.close()
