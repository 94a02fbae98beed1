"""Variables and words of a Dockerfile, by the rules of its own small language.

dockerfile-parse leaves `${NAME:-default}` half replaced, so the replacing is done here.
"""

import json
import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\\(?P<escaped>.)"
    r"|\$\{(?P<braced>\w+)(?:(?P<colon>:?)(?P<operator>[-+?])(?P<word>[^}]*))?\}"
    r"|\$(?P<bare>\w+)"
    r"|(?P<quote>[\"'])",
    re.DOTALL,
)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return text with variables replaced and quotes taken off; unset ones become empty."""
    out, last, quote = "", 0, ""
    for match in _TOKEN.finditer(text):
        out += text[last : match.start()]
        last = match.end()
        if match["quote"]:
            out, quote = _quoted(out, quote, match["quote"])
        elif quote == "'":
            out += match[0]
        elif match["escaped"]:
            keep = quote and match["escaped"] not in '"$\\'
            out += match[0] if keep else match["escaped"]
        else:
            out += _value(match, variables)
    return out + text[last:]


def _quoted(out: str, quote: str, char: str) -> tuple[str, str]:
    if not quote:
        return out, char
    return (out, "") if quote == char else (out + char, quote)


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    value = variables.get(match["braced"] or match["bare"])
    present = bool(value) if match["colon"] else value is not None
    if match["operator"] == "-" and not present:
        return expand(match["word"], variables)
    if match["operator"] == "+":
        return expand(match["word"], variables) if present else ""
    return value or ""


def words(text: str) -> list[str]:
    """Split at white space outside quotes; quotes stay on."""
    # Imported when needed: most commands never read a Dockerfile.
    from dockerfile_parse.util import WordSplitter  # noqa: PLC0415

    return [str(word) for word in WordSplitter(text).split(dequote=False)]


def pairs(text: str, variables: Mapping[str, str]) -> dict[str, str | None]:
    """Return the names and values of ENV or ARG; ARG without a value gives None."""
    parts = words(text)
    if parts and "=" not in parts[0] and len(parts) > 1:  # the old form: ENV name all the rest
        return {parts[0]: expand(text.split(None, 1)[1], variables)}
    found: dict[str, str | None] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        found[expand(name, variables)] = expand(value, variables) if equals else None
    return found


def exec_form(text: str) -> tuple[str, ...] | None:
    """Return the list of a JSON array of text; None for the shell form, as Docker decides it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None
