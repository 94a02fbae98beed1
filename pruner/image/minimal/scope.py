"""What a stage has set at one of its lines: variables, and the folder that it works in."""

import json
import posixpath
import re
from collections.abc import Mapping

from pruner.image.expand import expand, pairs
from pruner.image.instructions import Instruction

_PLAIN = re.compile(r"[\w./:@+,=-]*")


class Scope:
    """Follows the instructions of one stage.

    `given` are the arguments that the configuration sets, `known` those that stand before the first
    FROM: a stage that says ARG and a name has them.
    """

    def __init__(self, given: Mapping[str, str], known: Mapping[str, str]) -> None:
        self._given = given
        self._known = known
        self._variables: dict[str, str] = {}
        self._fixed: set[str] = set()  # what ENV has set: no ARG changes it
        self.workdir = "/"

    def take(self, item: Instruction) -> None:
        """Follow one instruction."""
        if item.name == "WORKDIR":
            self.workdir = self.place(self.expand(item.value))
        elif item.name == "ENV":
            found = pairs(item.value, self._variables)
            self._variables.update({name: value or "" for name, value in found.items()})
            self._fixed |= set(found)
        elif item.name == "ARG":
            for name, value in self._arguments(item).items():
                if value is not None and name not in self._fixed:
                    self._variables[name] = value

    def expand(self, text: str) -> str:
        """Return a text with the variables replaced that are set here."""
        return expand(text, self._variables)

    def place(self, path: str) -> str:
        """Return the absolute path of one that is relative to the working directory."""
        return posixpath.normpath(posixpath.join(self.workdir, path))

    def argument(self, item: Instruction) -> str | None:
        """Return an ARG with the values that come from elsewhere; None where it needs none."""
        found = self._arguments(item)
        own = pairs(item.value, self._variables)
        if found == own:
            return None
        return "\n".join(
            f"ARG {name}" if value is None else f"ARG {name}={quoted(value)}"
            for name, value in found.items()
        )

    def _arguments(self, item: Instruction) -> dict[str, str | None]:
        own = pairs(item.value, self._variables)
        return {
            name: self._given.get(name, self._known.get(name) if value is None else value)
            for name, value in own.items()
        }


def quoted(value: str) -> str:
    """Return a value as a Dockerfile has it: nothing in it is replaced."""
    if value and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False).replace("$", "\\$")
