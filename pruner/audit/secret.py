"""Secrets in the text of a Dockerfile. No finding repeats one."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pruner.audit.found import found
from pruner.audit.values import Facts, Source, Step
from pruner.image.expand import pairs
from pruner.model import Finding

_WORDS = {"TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "SECRETS", "APIKEY", "CREDENTIALS"}
_PAIRS = {("API", "KEY"), ("ACCESS", "KEY"), ("PRIVATE", "KEY"), ("SECRET", "KEY"), ("AUTH", "KEY")}
_ABOUT = {"FILE", "PATH", "DIR", "URL", "URI", "HEADER", "NAME", "TTL", "LENGTH", "LIMIT", "SIZE"}
_ABOUT |= {"EXPIRY", "EXPIRES", "TYPE", "FIELD", "COUNT", "ENDPOINT", "MIN", "MAX", "PREFIX"}
_PLACEHOLDER = re.compile(
    r"|x{3,}|\*+|\.+|<.*>|none|null|true|false|yes|no|on|off|-?\d+(\.\d+)?"
    r"|(change|replace|set|fill|insert)[-_ ]?(me|this|it|in|here)?|todo|tbd|dummy|placeholder"
    r"|(your|my|some|example|sample|fake|test)[-_ ].*|.*[-_ ](here|placeholder)|/.+",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$\{?\w+\}?")
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://([^\s/@'\"]+)@", re.IGNORECASE)
_LONG = 20
"""Characters of a user without a password that make it a token."""


def secrets(facts: Facts) -> Iterator[Finding]:
    """Yield variables with secrets in them, of every stage, and URLs with credentials."""
    if facts.source is None:
        return
    for step in facts.source.steps:
        if step.instruction.name in {"ARG", "ENV"}:
            yield from _variables(facts.source, step)
        text = "\n".join((step.instruction.value, *step.instruction.heredocs))
        if any(_credentials(match[1]) for match in _USERINFO.finditer(text)):
            yield found(
                "PRN212",
                facts.source.where(step.line),
                f"{step.instruction.name} has a URL with credentials in it",
            )


def _variables(source: Source, step: Step) -> Iterator[Finding]:
    for name, value in pairs(step.instruction.value, {}).items():
        if not secretive(name):
            continue
        raw = _raw(step.instruction.value, name)
        if step.instruction.name == "ENV" and _REFERENCE.fullmatch(raw):
            what = f"ENV {name} keeps a build argument in the image"
        elif value and not _PLACEHOLDER.fullmatch(value) and not _REFERENCE.search(raw):
            what = f"{step.instruction.name} {name} has a value that looks like a secret"
        else:
            continue
        yield found("PRN212", source.where(_line(source, step, name)), what)


def secretive(name: str) -> bool:
    """Return whether a variable is named like a secret: HF_TOKEN, not TOKENIZERS_PARALLELISM."""
    parts = [part for part in name.upper().split("_") if part]
    if not parts or parts[-1] in _ABOUT or "PUBLIC" in parts:
        return False
    return bool(_WORDS & set(parts)) or any(pair in _PAIRS for pair in pairwise(parts))


def _raw(text: str, name: str) -> str:
    match = re.search(rf"(?<!\S){re.escape(name)}(?:=|\s+)[\"']?([^\s\"']*)", text)
    return match[1] if match else ""


def _credentials(userinfo: str) -> bool:
    user, colon, password = _REFERENCE.sub("", userinfo).partition(":")
    return bool(password) if colon else len(user) >= _LONG


def _line(source: Source, step: Step, name: str) -> int:
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for number in range(step.line, step.instruction.last_line + 1):
        if number <= len(source.lines) and word.search(source.lines[number - 1]):
            return number
    return step.line
