"""`pruner lock --all --align`: move pins to the newest version that another image has, proven.

An image that cannot follow keeps its own version and its lock, and a note says why.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain

import msgspec

from pruner.analysis.across import Asking, explained, forbidden, moves, parts, stays, tied
from pruner.clock import Clock
from pruner.document import Aligned
from pruner.errors import PrunerError, outside
from pruner.jobs.across import pins_of
from pruner.jobs.lock import Locked, finish
from pruner.jobs.prove import Trial
from pruner.jobs.replace import Plan, Wish
from pruner.jobs.settle import Settled, plan_of, settle_as
from pruner.model import Distribution
from pruner.sandbox.base import Sandbox

MOST_PROOFS = 12
"""Proofs for one image: all together first, then halves of what did not work."""

Opened = AbstractContextManager[Sandbox]


class _RefusedError(Exception):
    """Why pins cannot move."""


def align(
    done: Mapping[str, Locked], opened: Callable[[str], Opened], clock: Clock
) -> dict[str, Locked]:
    """Return what was locked, with the pins moved that can move.

    `opened` opens a sandbox of a runtime: "docker", "local", or "" for what was asked for. Only
    images whose lock was proven, and that have no open conflict, move or are moved to.
    """
    ready = {name: one for name, one in done.items() if one.settled.holds}
    kept = {name: _versions(one) for name, one in ready.items()}
    had: dict[str, set[str]] = defaultdict(set)
    for row in chain.from_iterable(one.document.distributions for one in ready.values()):
        had[row.name].add(row.version)
    found = dict(done)
    for name, wanted in moves(kept).items():
        one = ready[name]
        others = [other for other in ready.values() if other is not one]
        clock.note(f"align {name}: {', '.join(f'{row.name} {row.version}' for row in wanted)}")
        try:
            with opened(one.watched.runtime) as sandbox:
                found[name] = _Aligning(one, wanted, others, had, sandbox, clock).run()
        except (PrunerError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            why = (outside(error) if isinstance(error, OSError) else error).message
            found[name] = _noted(one, {row.name: why for row in wanted}, wanted)
    return found


def _versions(one: Locked) -> dict[str, str]:
    inventory = one.watched.case.seen.subject.inventory
    return {key: pin.version for key, pin in pins_of(one.document, inventory).items()}


class _Aligning:
    """Moves the pins of one image: together where that works, else as many as can."""

    def __init__(
        self,
        one: Locked,
        wanted: Sequence[Aligned],
        others: Sequence[Locked],
        had: Mapping[str, set[str]],
        sandbox: Sandbox,
        clock: Clock,
    ) -> None:
        self._one = one
        self._wanted = {row.name: row for row in wanted}
        self._had = had
        self._offered = _offered(others, wanted)
        self._dists = list(chain.from_iterable(_dists(other) for other in (one, *others)))
        job = one.watched.job
        self._trial = Trial(job.image, job.agents, sandbox, clock)
        self._clock = clock
        self._proofs = 0
        self._taken: list[str] = []
        self._best: Settled | None = None
        self._refused: dict[str, str] = {}

    def run(self) -> Locked:
        """Try, write what was proven, and say of the rest why it stays."""
        self._rule_out()
        groups = tied([key for key in self._wanted if key not in self._refused], self._dists)
        todo = [groups] if groups else []
        while todo:
            now = todo.pop(0)
            keys = [key for group in now for key in group]
            try:
                self._best = self._tried([*self._taken, *keys])
            except (_RefusedError, PrunerError) as error:
                todo = [*parts(now), *todo]
                if len(keys) == 1:
                    self._refused[keys[0]] = _portable(str(error), self._one)
            else:
                self._taken += keys
        return self._written()

    def _rule_out(self) -> None:
        """Refuse, without a proof, what something that does not move rules out."""
        while True:
            going = [key for key in self._wanted if key not in self._refused]
            found = self._forbidden(going)
            if not found:
                return
            self._refused |= found

    def _forbidden(self, keys: Sequence[str]) -> dict[str, str]:
        return forbidden(
            {key: self._wanted[key].version for key in keys},
            {key: self._wanted[key].before for key in keys},
            _asking(self._one),
            self._one.watched.case.seen.subject.inventory.markers,
        )

    def _tried(self, keys: Sequence[str]) -> Settled:
        """Return what was settled with these pins moved; raise where that does not hold."""
        for why in self._forbidden(keys).values():
            raise _RefusedError(why)
        if self._proofs == MOST_PROOFS:
            raise _RefusedError(f"not tried, after {MOST_PROOFS} proofs of other sets")
        case, decided = self._one.watched.case, self._one.settled.decided
        targets = [f"{key}=={self._wanted[key].version}" for key in keys]
        image = self._trial.image
        with self._clock.step("look for what fits", sandbox=False):
            wish = Wish(use=(*targets, *image.use), offered=self._offered)
            plan = plan_of(image, case, decided, wish)
        self._refuse_strangers(plan)
        self._proofs += 1
        settled = settle_as(self._trial, case, self._one.settled, plan)
        self._require(settled)
        return settled

    def _refuse_strangers(self, plan: Plan) -> None:
        """Refuse versions that no image has."""
        versions = {row.name: row.version for row in plan.verdicts}
        for key in sorted(plan.changed):
            if versions[key] not in self._had.get(key, ()):
                what = f"it would need {key} {versions[key]}, which no image has"
                raise _RefusedError(what)

    def _require(self, settled: Settled) -> None:
        if settled.proof is None or not settled.proof.passed:
            first = settled.proof.differences[0] if settled.proof else "there was none"
            raise _RefusedError(f"the proof fails: {first}")
        known = {row.proof for row in self._one.settled.conflicts}
        for row in settled.conflicts:
            if not row.settled or (row.kind == "metadata" and row.proof not in known):
                raise _RefusedError(row.why.partition(";")[0])

    def _written(self) -> Locked:
        one = self._one
        if self._best is not None:
            rows = self._aligned(self._best)
            verdicts = explained(self._best.verdicts, rows, one.document.distributions)
            settled = msgspec.structs.replace(self._best, verdicts=verdicts)
            one = finish(one.watched, settled, self._clock, rows)
        return _noted(one, self._refused, self._wanted.values())

    def _aligned(self, settled: Settled) -> tuple[Aligned, ...]:
        """Return all that has another version than before, what moved along included."""
        before = {row.name: row for row in self._one.document.distributions}
        return tuple(
            self._wanted[row.name]
            if row.name in self._taken
            else Aligned(
                name=row.name,
                before=before[row.name].version if row.name in before else "",
                version=row.version,
            )
            for row in settled.verdicts
            if row.kept and (row.name not in before or before[row.name].version != row.version)
        )


def _portable(text: str, one: Locked) -> str:
    """Return a reason without the paths of this machine: it is committed."""
    job = one.watched.job
    text = text.removeprefix(f"images.{job.image.name}.use: ").replace(f"{job.config.root}/", "")
    return _PLACES.sub("", text)


_PLACES = re.compile(r"/[^\s'\"]*/((site|dist)-packages|sandboxes/[0-9]+-[0-9a-f]+)/")


def _asking(one: Locked) -> Iterable[Asking]:
    """Yield who has a say in the versions of an image; exact pins are what is moved."""
    seen, image = one.watched.case.seen, one.watched.job.image
    known = seen.subject.inventory.by_key()
    for row in one.settled.verdicts:
        dist = known.get(row.name)
        if row.kept and dist is not None and dist.version == row.version:
            yield Asking(f"{dist.key} {dist.version}", dist.key, dist.requires)
    for line in (*seen.requirements.requirements, *seen.requirements.constraints):
        if line.pin is None:
            yield Asking(f"{line.file}:{line.line}", "", (line.text,))
    for text in image.use:
        yield Asking("the configuration", "", (text,))


def _dists(one: Locked) -> tuple[Distribution, ...]:
    return one.watched.case.seen.subject.inventory.distributions


def _offered(others: Iterable[Locked], wanted: Sequence[Aligned]) -> dict[str, str]:
    """Return versions that another image has, by key: of one that has more of the targets."""
    targets = [name for row in wanted for name in row.images]
    known = sorted(others, key=lambda one: targets.count(one.document.image))
    return {row.name: row.version for one in known for row in one.document.distributions}


def _noted(one: Locked, refused: Mapping[str, str], wanted: Iterable[Aligned]) -> Locked:
    """Return an image with a note (PRN132) for each pin that could not move."""
    notes = [stays(row, refused[row.name]) for row in wanted if row.name in refused]
    findings = (*one.document.findings, *notes)
    return one._replace(document=msgspec.structs.replace(one.document, findings=findings))
