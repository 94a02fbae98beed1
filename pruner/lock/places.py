"""The indexes that the distributions of an image may come from, and who says so."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pruner.config import Image
from pruner.model import Value
from pruner.requirements import Indexes, Requirements
from pruner.requirements.rewritten import own_source
from pruner.urls import bare

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_REACHED = ("http://", "https://")  # a folder of the image is none of this machine
_NAMED = re.compile(r"([A-Za-z][\w-]*)=(.+)")


class Place(Value, frozen=True):
    """One index; `url` may hold credentials, and is a folder or a page of links where `flat`."""

    url: str
    flat: bool = False

    @property
    def shown(self) -> str:
        """The URL without what is secret in it."""
        return bare(self.url)

    @property
    def key(self) -> str:
        """By which indexes are compared."""
        return self.shown.rstrip("/")


class Places(Value, frozen=True, kw_only=True):
    """All that is known about where an image's distributions come from."""

    default: Place | None = None  # None: the one that uv asks when nobody says otherwise
    extra: tuple[Place, ...] = ()
    own: dict[str, Place] = {}  # noqa: RUF012  by the lines of requirements, name -> index
    chosen: dict[str, Place] = {}  # noqa: RUF012  by pruner.toml
    no_index: bool = False

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL as uv needs it, credentials included."""
        named = [*self.own.values(), *self.chosen.values(), *self.extra]
        return tuple(place.url for place in [*named, *([self.default] if self.default else [])])

    @property
    def special(self) -> bool:
        """Whether anything may come from elsewhere than the default index."""
        return bool(self.extra or self.own or self.chosen)


def gather(
    image: Image,
    requirements: Requirements,
    told: Iterable[tuple[str, str]],
    root: Path,
    environ: Mapping[str, str] = os.environ,
) -> Places:
    """Join what the requirement files, the image (`told`) and the caller's environment say.

    With --no-index the first folder or page of links is the default. Of several default indexes the
    first counts, the requirement files' own before the others; the rest are asked as well.
    """
    named = requirements.indexes
    defaults = [Place(url=named.index_url)] if named.index_url else []
    extra = _extra(named)
    theirs = [pair for pair in told if pair[1].startswith(_REACHED)]
    for kind, url in [*theirs, *_of_environment(environ)]:
        if kind == "index_url":
            defaults.append(Place(url=_whole(url, environ)))
        else:
            extra.append(Place(url=_whole(url, environ), flat=kind == "find_links"))
    own = {}
    for item in (*requirements.constraints, *requirements.requirements):
        if (source := own_source(item)) is not None:
            own[item.key] = Place(url=source[0], flat=source[1])
    flat = {place.key for place in extra if place.flat}
    if named.no_index:
        defaults = [place for place in extra if place.flat]
    default = defaults[0] if defaults else None
    return Places(
        default=default,
        extra=_distinct([*extra, *defaults[1:]], default),
        own=own,
        chosen={
            name: _chosen(_whole(url, environ), root, flat) for name, url in image.indexes.items()
        },
        no_index=named.no_index,
    )


def _extra(indexes: Indexes) -> list[Place]:
    links = [Place(url=url, flat=True) for url in indexes.find_links]
    return [*(Place(url=url) for url in indexes.extra_index_urls), *links]


def _distinct(places: Iterable[Place], default: Place | None) -> tuple[Place, ...]:
    found = {place.key: place for place in reversed([*places])}
    if default is not None:
        found.pop(default.key, None)
    return tuple(reversed(found.values()))


def _chosen(url: str, root: Path, flat: set[str]) -> Place:
    if "://" not in url:
        return Place(url=str((root / url).absolute()), flat=True)
    return Place(url=url, flat=bare(url).rstrip("/") in flat)


def _whole(url: str, environ: Mapping[str, str]) -> str:
    """Return a URL with its variables replaced, where they are set."""
    return _VARIABLE.sub(lambda match: environ.get(match[1], match[0]), url)


def _of_environment(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the indexes that whoever called pruner has uv ask beside the default one.

    Which one that is stays the caller's own affair: a mirror near them is no part of a lock.
    """
    found: list[tuple[str, str]] = []
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"):
        found += [
            ("extra_index_urls", _with_login(word, environ)) for word in _words(environ, name)
        ]
    return found + [("find_links", word) for word in _words(environ, "UV_FIND_LINKS")]


def _words(environ: Mapping[str, str], name: str) -> list[str]:
    return environ.get(name, "").replace(",", " ").split()


def _with_login(word: str, environ: Mapping[str, str]) -> str:
    """Return the URL of `name=URL`, with the login that uv reads from variables of that name."""
    match = _NAMED.fullmatch(word)
    if match is None:
        return word
    start = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', match[1].upper())}"
    user, password = (environ.get(f"{start}_{what}", "") for what in ("USERNAME", "PASSWORD"))
    scheme, colons, rest = match[2].partition("://")
    login = f"{user}:{password}@" if (user or password) and "@" not in rest else ""
    return f"{scheme}{colons}{login}{rest}"
