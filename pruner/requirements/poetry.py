"""What Poetry's own tables of a pyproject.toml ask for, as PEP 508 says it.

The language of versions: https://python-poetry.org/docs/dependency-specification/ (2026-11-25).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pruner.requirements.mistakes import one_line

_PART = re.compile(r"(\^|~(?!=)|[=<>!~]=?=?)?\s*v?([\w.*+!-]+)")
_DIRECT = ("git", "url", "path", "file")


class Odd(ValueError):  # noqa: N818  a person's mistake
    """What is no dependency as Poetry writes them; the text says why."""


def asked(name: str, value: object) -> Iterator[str]:
    """Yield the requirements that one entry of a table of dependencies stands for.

    Those of a repository, an archive or a folder are "name @ URL". Raises Odd.
    """
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        table = {"version": row} if isinstance(row, str) else row
        if not isinstance(table, dict):
            raise Odd("is neither a version nor a table")
        yield _one(name, table)


def is_optional(value: object) -> bool:
    """Return whether only an extra asks for an entry."""
    return isinstance(value, dict) and value.get("optional") is True


def specifier(text: str) -> str:
    """Return a constraint on versions as PEP 440 has it; "" where it allows any.

    Alternatives (`||`) have no such form: of them nothing is said. Raises Odd.
    """
    if "||" in text or text.strip() in {"", "*"}:
        return ""
    parts = []
    rest = text.replace(",", " ").strip()
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise Odd(f"{one_line(text)[:80]!r} is no constraint on versions")
        parts += _bounds(match[1] or "", match[2])
        rest = rest[match.end() :].lstrip()
    try:
        return str(SpecifierSet(",".join(parts)))
    except InvalidSpecifier:
        raise Odd(f"{one_line(text)[:80]!r} is no constraint on versions") from None


def _bounds(operator: str, version: str) -> list[str]:
    if operator in {"", "=", "=="}:
        return [] if version == "*" else [f"=={version}"]
    if operator not in {"^", "~"}:
        return [f"{operator}{version}"]
    match = re.match(r"\d+(?:\.\d+)*", version)
    if match is None:
        raise Odd(f"{one_line(version)[:80]!r} is no version")
    numbers = [int(part) for part in match[0].split(".")]
    if operator == "^":
        at = next((n for n, number in enumerate(numbers) if number), len(numbers) - 1)
    else:
        at = min(1, len(numbers) - 1)
    above = [*numbers[:at], numbers[at] + 1]
    return [f">={version}", f"<{'.'.join(map(str, above))}"]


def _one(name: str, table: Mapping[str, Any]) -> str:
    extras = table.get("extras") or []
    if not isinstance(extras, list) or not all(isinstance(extra, str) for extra in extras):
        raise Odd("extras is no list of names")
    text = f"{name}[{','.join(extras)}]" if extras else name
    place = next((key for key in _DIRECT if key in table), None)
    if place is not None:
        where = str(table[place])
        text += f" @ git+{where}" if place == "git" else f" @ {where}"
    else:
        version = table.get("version", "*")
        if not isinstance(version, str):
            raise Odd("version is no text")
        text += specifier(version)
    markers = " and ".join(_markers(table))
    return f"{text} ; {markers}" if markers else text


def _markers(table: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(found := table.get("markers"), str):
        try:
            yield f"({Marker(found)})"
        except InvalidMarker:
            raise Odd(f"{one_line(found)[:80]!r} is no marker") from None
    if isinstance(platform := table.get("platform"), str):
        yield f"sys_platform == '{platform}'"
    if isinstance(python := table.get("python"), str):
        for each in SpecifierSet(specifier(python)):
            yield f"python_version {each.operator} '{each.version}'"
