"""What must be known rather than found, as data: TOML rows, each with a source and a date."""

import datetime as dt
import tomllib
from functools import cache
from importlib.resources import files
from typing import TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row has: where it was read, and when."""

    source: str
    date: dt.date


class Startup(Rule, frozen=True, kw_only=True):
    """A row of startup.toml: a module that its own .pth loads, and that then waits for others."""

    module: str
    distribution: str
    why: str


class DefaultDriver(Rule, frozen=True, kw_only=True):
    """A row of drivers.toml: the module that a distribution loads for the scheme of a URL."""

    user: str
    scheme: str
    module: str


class Need(Rule, frozen=True, kw_only=True):
    """A row of needs.toml: what a module of the standard library needs, or who stands in for it."""

    module: str
    distribution: str
    why: str
    instead: bool = False


@cache
def rows(name: str, kind: type[Row]) -> tuple[Row, ...]:
    """Return the rows of rules/NAME.toml, in the order of the file; the key is NAME."""
    table = tomllib.loads((files("pruner") / "rules" / f"{name}.toml").read_text("utf-8"))
    return msgspec.convert(table[name], tuple[kind, ...])  # type: ignore[valid-type]


def startup_modules() -> frozenset[str]:
    """Return the modules of which loading is no evidence."""
    return frozenset(row.module for row in rows("startup", Startup))


def default_drivers() -> tuple[DefaultDriver, ...]:
    """Return what libraries load for URLs that name no driver."""
    return rows("drivers", DefaultDriver)


def module_needs() -> tuple[Need, ...]:
    """Return what modules of the standard library need."""
    return rows("needs", Need)
