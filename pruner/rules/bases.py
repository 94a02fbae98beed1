"""Base images: which tags exist, as far as a source lists them, and what an image brings."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product, takewhile
from typing import Literal

import msgspec

from pruner.rules.reading import Rule, rows

Verdict = Literal["listed", "absent", "unknown"]

NEAREST = 3
"""How many tags are named beside one that is not listed."""

_REGISTRIES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
"""The names of the registry that is meant where none is."""


class BaseName(Rule, frozen=True, kw_only=True):
    """A row of bases.toml: what images bring whose name matches; None where the row says nothing.

    `match` is searched in the name, in lower case and without a digest. A group of the name of a
    field takes its place. "" means that the name does not say, and that no later row does.
    """

    match: str
    python: str | None = None
    distribution: str | None = None
    glibc: str | None = None
    cuda: str | None = None
    cudnn: str | None = None


class Base(Rule, frozen=True, kw_only=True):
    """A row of bases.toml: tags of one image, and what they bring that their names do not say.

    `repositories` are the names under which it is published, as Docker would shorten them. `tags`
    are written like words of a shell: "3.{10,11}{,-slim}" is four. Every tag that is wholly matched
    by `complete` and that no row of the repository lists does not exist.
    """

    repositories: tuple[str, ...]
    tags: tuple[str, ...] = ()
    complete: str = ""
    python: str = ""
    distribution: str = ""
    glibc: str = ""
    cuda: str = ""
    cudnn: str = ""

    def listed(self) -> Iterator[str]:
        """Return the tags one by one, in the order of the row."""
        for words in self.tags:
            yield from expanded(words)


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a base image brings; each is "" where that is not known.

    `python`, `glibc` and `cuda` are "major.minor", `cudnn` is "major", `distribution` is its name
    and version ("debian 12"). `slim` says that the tag is of a variant of that name.
    """

    python: str = ""
    distribution: str = ""
    glibc: str = ""
    cuda: str = ""
    cudnn: str = ""
    slim: bool = False


class BaseTag(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a base image.

    "listed": a source lists its tag; "absent": one lists all tags of that kind, and it is not among
    them; "unknown": no row speaks of it. `nearest` are the listed images that are closest to one
    that is not, the closest first; `source` is that of the row that decided, else "".
    What is absent brings nothing.
    """

    image: str
    verdict: Verdict
    brings: Contents = Contents()
    nearest: tuple[str, ...] = ()
    source: str = ""


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """The name of an image in its parts; `tag` is "latest" where neither tag nor digest is."""

    repository: str
    tag: str
    digest: str


def parsed(image: str) -> Name:
    """Return the parts of the name of an image, without a registry that goes without saying."""
    name, _, digest = image.strip().partition("@")
    host, slash, rest = name.partition("/")
    if slash and host in _REGISTRIES:
        name = rest
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    repository = f"{folder}{slash}{last}".removeprefix("library/")
    return Name(repository=repository, tag=tag or ("" if digest else "latest"), digest=digest)


def expanded(words: str) -> Iterator[str]:
    """Return what a shell makes of a word with lists in braces, which may not be nested."""
    parts = re.split(r"\{([^{}]*)\}", words)
    choices = (part.split(",") if n % 2 else [part] for n, part in enumerate(parts))
    return ("".join(chosen) for chosen in product(*choices))


def base_names() -> tuple[BaseName, ...]:
    """Return what names of images say; for each field the first row that has it decides."""
    return rows("bases", BaseName, "names")


def bases(own: Sequence[Base] = ()) -> tuple[Base, ...]:
    """Return which tags exist; a user's own rows stand first, and the first that lists one decides.

    What a user's row lists exists, whatever a row of ours says.
    """
    return (*own, *rows("bases", Base))


def told(image: str, field: str) -> str:
    """Return what the name of an image says of a field of `Contents`, "" where it does not say."""
    name = image.lower().partition("@")[0]
    for row in base_names():
        said = getattr(row, field)
        if (said is not None or f"(?P<{field}>" in row.match) and (
            match := re.search(row.match, name)
        ):
            return match.groupdict().get(field) or said or ""
    return ""


def base_tag(image: str, own: Sequence[Base] = ()) -> BaseTag:
    """Return whether the tag of a base image is known to exist, or not to, and what it brings.

    Never an error, whatever the name. An image with a digest is never absent: its tag is not asked.
    """
    name = parsed(image)
    known = [row for row in bases(own) if name.repository in row.repositories]
    row = next((row for row in known if name.tag in _tags(row)), None)
    if row is not None or name.digest or not known:
        verdict: Verdict = "unknown" if row is None else "listed"
        brings = _brings(image, name, row)
        return BaseTag(
            image=image, verdict=verdict, brings=brings, source=row.source if row else ""
        )
    nearest = tuple(f"{name.repository}:{tag}" for tag in _nearest(name.tag, known))
    for row in known:
        if row.complete and re.fullmatch(row.complete, name.tag):
            return BaseTag(image=image, verdict="absent", nearest=nearest, source=row.source)
    brings = _brings(image, name, None)
    return BaseTag(image=image, verdict="unknown", brings=brings, nearest=nearest)


@cache
def _tags(row: Base) -> frozenset[str]:
    return frozenset(row.listed())


def _brings(image: str, name: Name, row: Base | None) -> Contents:
    distribution = (row and row.distribution) or told(image, "distribution")
    glibc = told(distribution.replace(" ", ":"), "glibc")
    found = {field: told(image, field) for field in ("python", "cuda", "cudnn")}
    if row is not None:
        found |= {field: getattr(row, field) or found[field] for field in found}
        glibc = row.glibc or glibc
    slim = "slim" in re.split(r"[-_.]", name.tag)
    return Contents(**found, distribution=distribution, glibc=glibc, slim=slim)


def _nearest(tag: str, known: Sequence[Base]) -> list[str]:
    """Return the tags that share most parts, then most of the beginning, with one."""
    parts = set(tag.split("-"))
    tags = dict.fromkeys(each for row in known for each in row.listed())
    return sorted(tags, key=lambda each: (-len(parts & set(each.split("-"))), -_alike(tag, each)))[
        :NEAREST
    ]


def _alike(one: str, other: str) -> int:
    """Return with how many characters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
