"""What builds the pins without a wheel: found, pinned with hashes, and proven in the sandbox."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from pruner.clock import Clock
from pruner.config import Image
from pruner.lock.compiling import Pin
from pruner.lock.moving import installable
from pruner.lock.origins import Origins
from pruner.lock.pins import LockText
from pruner.model import Finding, Value
from pruner.sandbox.base import Sandbox
from pruner.sandbox.building import Recipe, Source, find_recipe, now


class Building(Value, frozen=True):
    """The build constraints of a lock, "" where nothing has to be built, and what to say."""

    constraints: str = ""
    findings: tuple[Finding, ...] = ()


class Builders:
    """Finds build constraints; the same sources are built once."""

    def __init__(self, image: Image, sandbox: Sandbox, clock: Clock, origins: Origins) -> None:
        self._image = image
        self._sandbox = sandbox
        self._clock = clock
        self._origins = origins
        self._known: dict[tuple[str, ...], Building] = {}

    def of(self, text: LockText) -> Building:
        """Return what builds the sources of a lock."""
        key = tuple(source.requirement for source in text.sources)
        if not key:
            return Building()
        if key not in self._known:
            with self._clock.step("find what builds the rest", sandbox=True):
                options = [row for row in text.requirements.splitlines() if row.startswith("--")]
                self._known[key] = self._found([self._ready(s, options) for s in text.sources])
        return self._known[key]

    def _found(self, ready: Sequence[Source]) -> Building:
        build = partial(self._sandbox.build, self._image)
        recipe = find_recipe(ready, build, now())
        if isinstance(recipe, str):
            return Building(findings=(unbuildable(ready, recipe),))
        text = self._hashed(recipe)
        for source in ready:
            done = build(source, text, None)
            if not done.ok:
                return Building(findings=(unbuildable([source], done.said),))
        return Building(constraints=text, findings=tuple(notes(ready, recipe)))

    def _ready(self, source: Source, options: Sequence[str]) -> Source:
        """Return a source with all that uv needs to find it, credentials included."""
        whole = "\n".join([*options, source.requirement])
        text = installable(whole, Path("/"), self._origins.places.urls)
        return msgspec.structs.replace(source, requirement=text.rstrip("\n"))

    def _hashed(self, recipe: Recipe) -> str:
        pins = [Pin(name, version) for name, version in recipe.pins.items()]
        (text,) = self._origins.compiler.compile(pins, ["requirements.txt"]) if pins else ("",)
        return "".join(f"{line}\n" for line in text.splitlines() if line and "# from " not in line)


def unbuildable(sources: Sequence[Source], why: str) -> Finding:
    """Return the finding for pins that nothing builds from nothing."""
    return Finding(
        code="PRN123",
        severity="error",
        where=", ".join(source.pin for source in sources),
        what=f"has no wheel, and does not build with any requirements of its time: {why}",
        fix="put a wheel of it on an index of yours, and name that in `indexes`",
    )


def notes(sources: Sequence[Source], recipe: Recipe) -> Iterator[Finding]:
    """Yield what each pin without a wheel is built with."""
    for source in sources:
        pins = [f"{name}=={version}" for name, version in recipe.used[source.name].items()]
        day = f"{recipe.before:%Y-%m-%d}" if recipe.before else ""
        by = f", as of {day}: newer ones do not build it" if day else ""
        yield Finding(
            code="PRN121",
            severity="note",
            where=source.pin,
            what=f"has no wheel; it is built with {', '.join(pins) or 'nothing else'}{by}",
            fix="install the lock with its build-constraints.txt",
        )
