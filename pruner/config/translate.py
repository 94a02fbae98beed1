"""Turn what msgspec says about a wrong value into words that a person can act on."""

import re
from typing import Any

import msgspec

from pruner.config import rule_tables, schema
from pruner.config.mistakes import Key, Mistake, did_you_mean
from pruner.config.table import Table
from pruner.model import Policy

_AT = " - at `$"
_TOKEN = re.compile(r"\.([a-z_]+)|\[(\d+)\]|\[(\.\.\.)\]")
_EXPECTED = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_FIELD = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
_ENUM = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
    "date": "a date",
    "datetime": "a date and time",
    "time": "a time of day",
}
_NO_DATE = "Invalid RFC3339 encoded date"
_DATE_HINT = "year, month and day without quotes, such as 2026-11-24"
# Which table stands at which key; * is any name, # any index.
_TABLES: dict[Key, type[Table]] = {
    (): schema.Whole,
    ("project",): schema.ProjectTable,
    ("images", "*"): schema.ImageTable,
    ("images", "*", "agents", "#"): schema.AgentTable,
    ("images", "*", "agents", "#", "ready"): schema.ReadyTable,
    ("images", "*", "agents", "#", "exercise", "#"): schema.ExerciseTable,
    ("images", "*", "services", "*"): schema.ServiceTable,
    ("images", "*", "services", "*", "ready"): schema.PortTable,
    ("images", "*", "audit"): schema.AuditTable,
    ("audit",): schema.AuditTable,
    ("rules",): rule_tables.RulesTable,
    ("rules", "families", "#"): rule_tables.FamilyTable,
    ("rules", "families", "#", "members", "#"): rule_tables.MemberTable,
    ("rules", "cuda", "#"): rule_tables.CudaTable,
    ("rules", "sonames", "#"): rule_tables.SonameTable,
    ("rules", "bases", "#"): rule_tables.BaseTable,
}


def convert(data: object) -> schema.Whole:
    """Return the file as tables, or raise `Mistake` with the whole key."""
    try:
        return msgspec.convert(data, schema.Whole)
    except msgspec.ValidationError as error:
        raise _translated(error, data) from None


def _translated(error: msgspec.ValidationError, data: object) -> Mistake:
    what, shape = _split(str(error))
    key = _named(shape, data, str(error))
    cause = error.__cause__
    if isinstance(cause, Mistake):
        return Mistake(cause.what, *key, *cause.key, hint=cause.hint)
    if match := _FIELD.fullmatch(what):
        return _field(match[1], match[2], key)
    if match := _EXPECTED.fullmatch(what):
        return _type(match[1], match[2], key)
    if match := _ENUM.fullmatch(what):
        known = [policy.value for policy in Policy]
        hint = did_you_mean(match[1].strip("'"), known)
        return Mistake(f"{match[1]} is not one of {', '.join(known)}", *key, hint=hint)
    if what == _NO_DATE:
        return Mistake("is no date", *key, hint=_DATE_HINT)
    return Mistake(what[:1].lower() + what[1:], *key)


def _split(message: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Return msgspec's words, and the tokens of its path: name, index or `...` for any name."""
    what, _, path = message.rpartition(_AT)
    path = path.removesuffix("`")
    tokens = _TOKEN.findall(path)
    if what and sum(len(match[0]) for match in _TOKEN.finditer(path)) == len(path):
        return what, tokens
    return message, []


def _named(shape: list[tuple[str, str, str]], data: object, message: str) -> Key:
    """Return the key, with the names that msgspec leaves out of it found again.

    A table of freely named values is reduced to one of them at a time: the one that alone
    causes the same message is meant.
    """
    key: list[str | int] = []
    for name, index, anything in shape:
        if anything:
            key.append(_culprit(key, data, message))
        else:
            key.append(int(index) if index else name)
    return tuple(key)


def _culprit(key: list[str | int], data: object, message: str) -> str:
    table: Any = data
    for part in key:
        table = table[part]
    for name, value in table.items():
        try:
            msgspec.convert(_replaced(data, key, {name: value}), schema.Whole)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return str(name)
    return "*"


def _replaced(data: Any, key: list[str | int], value: object) -> object:  # noqa: ANN401  TOML
    if not key:
        return value
    copy = data.copy()
    copy[key[0]] = _replaced(data[key[0]], key[1:], value)
    return copy


def _field(kind: str, name: str, key: Key) -> Mistake:
    if kind == "missing required":
        hint = None
        if name == "ready":
            hint = 'such as ready = { http = "/health", port = 8000 }, { tcp = 5555 }, '
            hint += "{ log = 'listening' } or { exit = 0 }"
        return Mistake("is missing", *key, name, hint=hint)
    table = _TABLES.get(_shape(key))
    hint = did_you_mean(name, table.__struct_fields__) if table else None
    return Mistake("unknown key", *key, name, hint=hint)


def _shape(key: Key) -> Key:
    shape: list[str | int] = []
    for part in key:
        free = bool(shape) and shape[-1] in {"images", "services", "indexes"}
        shape.append("#" if isinstance(part, int) else "*" if free else part)
    return tuple(shape)


def _type(wanted: str, got: str, key: Key) -> Mistake:
    words = [_WORDS.get(word, word) for word in wanted.split(" | ") if word != "null"]
    hint = None
    if wanted.startswith("str"):
        hint = "write it in quotes"
    elif wanted.startswith("array") and got == "str":
        hint = 'write it in brackets: ["…"]'
    elif got == "str" and wanted.startswith(("int", "float", "bool")):
        hint = "write it without quotes"
    return Mistake(f"expected {' or '.join(words)}, got {_WORDS.get(got, got)}", *key, hint=hint)
