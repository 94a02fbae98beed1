"""What the name of a base image says about it."""

import re

from pruner.rules import Rule, rows

_GPU = re.compile(r"(^|/)nvidia/|cuda|(^|[-_/])gpu([-_]|$)|rocm")


class Base(Rule, frozen=True, kw_only=True):
    """A row of rules/bases.toml: a pattern of names, and the Python that such images bring."""

    match: str
    python: str  # "" where the name does not say, or says it in the group `python`


def bases() -> tuple[Base, ...]:
    """Return the rows of rules/bases.toml; the first that matches decides."""
    return rows("bases", Base)


def python_version(image: str) -> str | None:
    """Return the Python that a base image brings, such as "3.11", where its name tells."""
    name = image.lower().partition("@")[0]
    for row in bases():
        if match := re.search(row.match, name):
            return match.groupdict().get("python") or row.python or None
    return None


def has_cuda(image: str) -> bool:
    """Return whether the name of a base image says that it is made for a GPU."""
    return _GPU.search(image.lower()) is not None
