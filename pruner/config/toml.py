"""TOML that a person wrote, and in one line what is wrong with it."""

import re
import tomllib
from typing import Any

from pruner.config.mistakes import one_line
from pruner.errors import UsageError

_HINT = "https://toml.io shows how it is written"
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parsed(text: str, name: str) -> dict[str, Any]:
    """Return what a TOML file that messages call `name` holds; raises UsageError with its line."""
    try:
        return tomllib.loads(text)
    except ValueError as error:
        what, place = _syntax(str(error), text)
        raise UsageError(one_line(f"{name}:{place}: not TOML: {what}"), hint=_HINT) from None
    except RecursionError:
        raise UsageError(one_line(f"{name}: not TOML: nested too deeply"), hint=_HINT) from None


def _syntax(message: str, text: str) -> tuple[str, str]:
    """Return what tomllib says and where, as "line:column"."""
    what = _POSITION.sub("", message)
    match = _POSITION.search(message)
    if match and match[1]:
        return what, f"{match[1]}:{match[2]}"
    lines = text.split("\n")
    return what, f"{len(lines)}:{len(lines[-1]) + 1}" if match else "1:1"
