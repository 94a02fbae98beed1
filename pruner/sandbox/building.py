"""Building releases that have no wheel: what it works with, and what it was done with.

What a build needs is seldom pinned by who wrote it, so the newest is taken, and one day that breaks
it. Then what was there a year earlier is tried, and so on back to the day of the release.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pruner.model import Value, normalise

MOST_YEARS = 12
YEAR = timedelta(days=365)
_FOLDER = re.compile(r"([A-Za-z0-9._]+)-([A-Za-z0-9.!+_]+)\.dist-info")


class Source(Value, frozen=True):
    """A pin without a wheel, which is built wherever it is installed."""

    name: str
    version: str
    requirement: str  # a line of a requirement file, hashes included where they are known
    uploaded: datetime | None = None

    @property
    def pin(self) -> str:
        """The pin without its hashes."""
        return f"{self.name}=={self.version}"


class Built(Value, frozen=True):
    """How a build went, and every distribution that was there for it, name -> version."""

    ok: bool
    used: dict[str, str] = {}  # noqa: RUF012
    said: str = ""


Build = Callable[[Source, str, datetime | None], Built]
"""Builds a source in a sandbox: under constraints, with nothing newer than a moment."""


class Recipe(Value, frozen=True):
    """What builds all of some sources: pins, and of each source what it used."""

    pins: dict[str, str]
    used: dict[str, dict[str, str]]  # by the source's name
    before: datetime | None  # None: today's do


def find_recipe(sources: Sequence[Source], build: Build, now: datetime) -> Recipe | str:
    """Return the newest build requirements with which all sources build, or why there are none."""
    said = ""
    for moment in moments(sources, now):
        used: dict[str, dict[str, str]] = {}
        for source in sources:
            done = build(source, "", moment)
            if not done.ok:
                said = said or f"{source.pin}: {done.said}"
                break
            used[source.name] = done.used
        else:
            pins = oldest(used.values())
            if all(set(pins.items()) >= set(each.items()) for each in used.values()):
                return Recipe(pins, used, moment)
            again = {item.name: build(item, as_constraints(pins), moment) for item in sources}
            if all(done.ok for done in again.values()):
                return Recipe(pins, {name: done.used for name, done in again.items()}, moment)
            said = said or "no one set of build requirements builds them all"
    return said


def moments(sources: Sequence[Source], now: datetime) -> Iterator[datetime | None]:
    """Yield how new build requirements may be: as today, then older by a year each."""
    yield None
    known = [source.uploaded for source in sources if source.uploaded is not None]
    first = max(known) + timedelta(days=1) if known else now - MOST_YEARS * YEAR
    for years in range(1, MOST_YEARS):
        if now - years * YEAR <= first:
            break
        yield now - years * YEAR
    yield first


def oldest(every: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return each name with the oldest of its versions."""
    found: dict[str, str] = {}
    for pins in every:
        for name, version in pins.items():
            found[name] = min(found.get(name, version), version, key=_version)
    return dict(sorted(found.items()))


def as_constraints(pins: Mapping[str, str]) -> str:
    """Return pins as the lines of a constraints file."""
    return "".join(f"{name}=={version}\n" for name, version in pins.items())


def unpacked(cache: Path, without: str) -> dict[str, str]:
    """Return the distributions that were unpacked in a cache of uv's that was empty before.

    Those are the build requirements, and what was built (`without`). What a distribution has
    vendored inside itself is not one.
    """
    found: dict[str, str] = {}
    roots: list[Path] = []
    for folder in sorted(cache.rglob("*.dist-info"), key=lambda path: len(path.parts)):
        match = _FOLDER.fullmatch(folder.name)
        inner = any(folder.parent.is_relative_to(root) and folder.parent != root for root in roots)
        if match and not inner:
            roots.append(folder.parent)
            found[normalise(match[1])] = match[2]
    found.pop(normalise(without), None)
    return dict(sorted(found.items()))


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")
