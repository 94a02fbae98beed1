"""How a mistake in a configuration is told: one line with file and key, and a hint."""

import difflib
import re
from collections.abc import Iterable

from pruner.errors import UsageError
from pruner.model import Value
from pruner.urls import without_credentials

Key = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 120


class Mistake(ValueError):  # noqa: N818  it reads as what it is: a person's mistake
    """What is wrong with one value; msgspec adds where the table stands that holds it.

    `key` leads from that table to the value.
    """

    def __init__(self, what: str, *key: str | int, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.key: Key = key
        self.hint = hint


class Where(Value, frozen=True, kw_only=True):
    """A configuration file as messages name it, and the table in it that is ours."""

    file: str = "pruner.toml"
    table: tuple[str, ...] = ()

    def error(self, what: str, *key: str | int, hint: str | None = None) -> UsageError:
        """Return the one-line error for the value at `key`."""
        path = dotted((*self.table, *key))
        where = f"{self.file}: {path}" if path else self.file
        return UsageError(one_line(f"{where}: {what}"), hint=hint and one_line(hint))


def dotted(key: Key) -> str:
    """Return a key as TOML spells it: `images.speech.agents[0]`, quoted where it must be."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else f'"{part}"'
            text += f".{name}" if text else name
    return text


def one_line(text: str) -> str:
    """Return text with everything escaped that a terminal would not print on that line."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def shown(text: str) -> str:
    """Return a value for a message: quoted, and cut where it is long."""
    text = without_credentials(text)
    return f'"{text}"' if len(text) <= _LONGEST else f'"{text[:_LONGEST]}…"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the name that was probably meant, and all that there are."""
    names = sorted(known)
    listed = ", ".join(names)
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {close[0]}? ({listed})" if close else f"there are: {listed}"
