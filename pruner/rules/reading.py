"""Reading the TOML rows of this folder."""

import datetime as dt
import tomllib
from functools import cache
from importlib.resources import files
from typing import TypeVar

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every row has: where it was read, and when.

    A user's own row may leave both out; then they are the name of the configuration and None.
    """

    source: str
    date: dt.date | None


@cache
def rows(name: str, kind: type[Row], key: str = "") -> tuple[Row, ...]:
    """Return rows of rules/NAME.toml, in the order of the file; the key is NAME unless given."""
    table = tomllib.loads((files("pruner") / "rules" / f"{name}.toml").read_text("utf-8"))
    return msgspec.convert(table[key or name], tuple[kind, ...])  # type: ignore[valid-type]
