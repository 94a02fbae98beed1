"""Variables in compose files, and the files that set them.

The rules: https://docs.docker.com/reference/compose-file/interpolation/ (2026-11-25).
"""

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)"
    r"|\{(?P<name>[A-Za-z_]\w*)(?:(?P<colon>:?)(?P<operator>[-+?])(?P<word>(?:[^{}]|\$\{[^{}]*\})*))?\})"
)
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)")
_QUOTED = re.compile(r"(['\"])(.*?)\1")
_DEEPEST = 5


def interpolated(
    text: str, variables: Mapping[str, str], unset: Callable[[str], None], deep: int = 0
) -> str:
    """Return text with its variables replaced; `unset` is told of each that has no value."""

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name = match["bare"] or match["name"]
        known = variables.get(name)
        present = bool(known) if match["colon"] else known is not None
        if match["operator"] == "+":
            return inner(match["word"]) if present else ""
        if match["operator"] == "-" and not present:
            return inner(match["word"])
        if known is None:
            unset(name)
        return known or ""

    def inner(word: str) -> str:
        return interpolated(word, variables, unset, deep + 1) if deep < _DEEPEST else word

    return _TOKEN.sub(value, text)


def read_env(text: str) -> dict[str, str]:
    """Return the variables of an env file; what is no line of one is passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = None if line.lstrip().startswith("#") else _LINE.fullmatch(line)
        if match:
            value = match[2].strip()
            quoted = _QUOTED.match(value)
            found[match[1]] = quoted[2] if quoted else re.sub(r"\s+#.*", "", value)
    return found
