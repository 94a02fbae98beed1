"""What the name of a base image says about it."""

import datetime as dt
import re
import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from pruner.model import Value

_GPU = re.compile(r"(^|/)nvidia/|cuda|(^|[-_/])gpu([-_]|$)|rocm")


class Base(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of rules/bases.toml: a pattern of names, and the Python that such images bring."""

    match: str
    python: str  # "" where the name does not say, or says it in the group `python`
    source: str
    date: dt.date


class _Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: tuple[Base, ...]


@cache
def bases() -> tuple[Base, ...]:
    """Return the rows of rules/bases.toml; the first that matches decides."""
    text = (files("pruner") / "rules" / "bases.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Rows).base


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
