"""What is known of the contents of images: what only builds, what is a cache, what is a model."""

import re

from pruner.rules.reading import Rule, rows


class BuildTool(Rule, frozen=True, kw_only=True):
    """A row of buildtools.toml: a regular expression for the names of system packages."""

    match: str
    what: str


class LargeBase(Rule, frozen=True, kw_only=True):
    """A row of largebases.toml: a regular expression for the names of images."""

    match: str
    what: str
    instead: str


class Cache(Rule, frozen=True, kw_only=True):
    """A row of caches.toml: where an installer leaves what, and which commands do.

    `folder` and `makes` are regular expressions; a command with a word of `not_with`, or with such
    a variable that is set, leaves nothing.
    """

    what: str
    folder: str
    makes: str = ""
    not_with: tuple[str, ...] = ()
    fix: str


class Weights(Rule, frozen=True, kw_only=True):
    """A row of weights.toml: suffixes of files, from `least_bytes` on, or commands of RUN lines.

    What lies below `not_below`, a regular expression, came with a distribution or a package. What
    lies below `folder` are weights whatever the suffix.
    """

    what: str
    suffixes: tuple[str, ...] = ()
    least_bytes: int = 0
    not_below: str = r"(?!)"
    folder: str = r"(?!)"
    command: str = ""


class CudaWheel(Rule, frozen=True, kw_only=True):
    """A row of cudawheels.toml: whether a distribution brings CUDA, or loads the system's.

    `distribution` is a regular expression for normalised names; with `extras` it brings CUDA only
    where one of them is asked for.
    """

    distribution: str
    brings: bool
    extras: tuple[str, ...] = ()


class Junk(Rule, frozen=True, kw_only=True):
    """A row of junk.toml: lines of a .dockerignore; `always` inside of source trees as well."""

    what: str
    patterns: tuple[str, ...]
    always: bool = False


def build_tools() -> tuple[BuildTool, ...]:
    """Return the system packages that only a build needs."""
    return rows("buildtools", BuildTool)


def is_build_tool(name: str) -> bool:
    """Return whether a system package is for building."""
    return any(re.fullmatch(row.match, name) for row in build_tools())


def caches() -> tuple[Cache, ...]:
    """Return what installers leave behind."""
    return rows("caches", Cache)


def weights() -> tuple[Weights, ...]:
    """Return how models come into an image."""
    return rows("weights", Weights)


def cuda_wheels() -> tuple[CudaWheel, ...]:
    """Return which distributions bring CUDA; the first row that fits decides."""
    return rows("cudawheels", CudaWheel)


def junk() -> tuple[Junk, ...]:
    """Return what no image runs."""
    return rows("junk", Junk)


def large_bases() -> tuple[LargeBase, ...]:
    """Return the base images that bring compilers and headers."""
    return rows("largebases", LargeBase)
