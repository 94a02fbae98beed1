"""Checks of single values. Each raises `Mistake`, whose key leads to the value."""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from pruner.config.mistakes import Key, Mistake, did_you_mean, shown
from pruner.model import normalise

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NETWORKS = ("none", "services", "full")

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/[!-~]*")
_MEMORY = re.compile(r"(\d{1,12})([bkmgt]?)", re.IGNORECASE)
_BUDGET = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")
_VARIABLE = re.compile(r"[^=\s][^=]*")
_MOST_SECONDS = 7 * 24 * 3600
_MOST_PORTS = 65535
_SMALLEST_MEMORY = 6 * 1024**2  # what Docker itself asks for


def name(value: str, *key: str | int) -> None:
    """Check a name that becomes a folder, a container and a host."""
    if not _NAME.fullmatch(value):
        raise Mistake(
            f"{shown(value)} is no safe folder name",
            *key,
            hint="use letters, digits, `-`, `_` and `.`, at most 100, a letter or digit first",
        )


def requirement(value: str, *key: str | int) -> None:
    """Check a distribution's name, with or without the one version that is meant."""
    hint = 'write "name", or "name==1.2.3"'
    try:
        read = Requirement(value)
    except InvalidRequirement as error:
        raise Mistake(f"{shown(value)} is no requirement", *key, hint=hint) from error
    operators = [item.operator for item in read.specifier]
    if read.url or read.marker or operators not in ([], ["=="]):
        raise Mistake(f"{shown(value)} says more than a name and a version", *key, hint=hint)


def one_of(given: Mapping[str, object], *key: str | int) -> str:
    """Return the name of the only value that is not None."""
    present = [name for name, value in given.items() if value is not None]
    if len(present) == 1:
        return present[0]
    every = ", ".join(given)
    if present:
        both = " and ".join(present)
        raise Mistake(f"{both} exclude each other", *key, hint=f"keep exactly one of: {every}")
    raise Mistake(f"one of these is missing: {every}", *key)


def only_with(owner: str, given: Mapping[str, object]) -> None:
    """Refuse keys that mean nothing without `owner`."""
    for name, value in given.items():
        if value is not None:
            raise Mistake(f"means nothing without {owner}", name, hint=f"remove {name}")


def choice(value: str, known: Collection[str], *key: str | int, noun: str = "") -> None:
    """Check a word that must be one of those that are known; `noun` is said where that is many."""
    if value not in known:
        hint = did_you_mean(value, known)
        meant = noun or f"one of {', '.join(known)}"
        raise Mistake(f"{shown(value)} is not {meant}", *key, hint=hint)


def port(value: int | None, *key: str | int) -> None:
    """Check a TCP port."""
    if value is not None and not 1 <= value <= _MOST_PORTS:
        raise Mistake(f"{value} is no port", *key, hint="ports are 1 to 65535")


def timeout(value: float, *key: str | int) -> None:
    """Check a number of seconds."""
    if not (math.isfinite(value) and 0 < value <= _MOST_SECONDS):
        hint = f"give seconds, more than 0 and at most {_MOST_SECONDS}"
        raise Mistake(f"{value} is no usable timeout", *key, hint=hint)


def text(value: str | None, *key: str | int) -> None:
    """Check that text, where it is given, says something."""
    if value is not None and not value.strip():
        raise Mistake("is empty", *key)


def argv(value: tuple[str, ...] | None, *key: str | int) -> None:
    """Check a command: at least its program."""
    if value is not None and not (value and value[0].strip()):
        raise Mistake("names no program", *key, hint='write it as ["python", "run.py"]')


def module(value: str | None) -> None:
    """Check a dotted module name."""
    if value is None or _MODULE.fullmatch(value):
        return
    hint = "write it as in `python -m`, such as package.module"
    if ":" in value:
        hint = f'an application object needs its server: command = ["uvicorn", "{value}"]'
    raise Mistake(f"{shown(value)} is no module name", "module", hint=hint)


def pattern(value: str) -> None:
    """Check the regular expression of `ready.log`."""
    text(value, "log")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "write regular expressions in single quotes, and escape ( [ * ? . with \\"
        what = f"{shown(value)} is no regular expression: {error}"
        raise Mistake(what, "log", hint=hint) from None


def url_path(value: str, *key: str | int) -> None:
    """Check the path of a URL, query included."""
    if not _PATH.fullmatch(value):
        hint = "it starts with / and has no spaces; write other characters as %XX"
        raise Mistake(f"{shown(value)} is no path of a URL", *key, hint=hint)


def request(value: str) -> None:
    """Check an exercise's "METHOD /path"."""
    method, _, path = value.partition(" ")
    if not path and method.startswith("/"):
        hint = f'say how to ask: "GET {method}"'
        raise Mistake(f"{shown(value)} has no method", "http", hint=hint)
    if method not in METHODS:
        hint = did_you_mean(method.upper(), METHODS)
        raise Mistake(f"{shown(method)} is no HTTP method", "http", hint=hint)
    url_path(path, "http")


def headers(value: Mapping[str, str]) -> None:
    """Check that nothing in the headers breaks the request apart."""
    for name, content in value.items():
        if not _HEADER.fullmatch(name):
            raise Mistake("is no header name", "headers", name)
        if not (content.isascii() and (content.isprintable() or not content)):
            raise Mistake("is no header value", "headers", name, hint="use printable ASCII")


def variables(value: Mapping[str, str], *key: str) -> None:
    """Check names of environment variables or build arguments."""
    for name in value:
        if not _VARIABLE.fullmatch(name):
            raise Mistake("is no name of a variable", *key, name)


def codes(value: int | tuple[int, ...] | None, lowest: int, highest: int) -> None:
    """Check `expect`: HTTP statuses or exit codes."""
    for code in value if isinstance(value, tuple) else () if value is None else (value,):
        if not lowest <= code <= highest:
            raise Mistake(f"{code} is not within {lowest} to {highest}", "expect")
    if value == ():
        raise Mistake("expects nothing", "expect", hint="list at least one, or leave it out")


def python(value: str | None) -> None:
    """Check a Python version."""
    if value is not None and not _PYTHON.fullmatch(value):
        hint = 'write it as "3.11" or "3.11.2"'
        raise Mistake(f"{shown(value)} is no version of Python 3", "python", hint=hint)


def indexes(value: Mapping[str, tuple[str, ...]]) -> None:
    """Check `indexes`: each distribution comes from one index, which is a URL or a folder."""
    owner: dict[str, str] = {}
    for url, names in value.items():
        scheme, colons, rest = url.partition("://")
        if not rest if colons else not url.strip():
            hint = 'write it as "https://host/simple" = ["name"]'
            raise Mistake("is no URL of an index", "indexes", url, hint=hint)
        if colons and scheme.lower() not in {"http", "https", "file"}:
            what = f"{shown(scheme)} is not one of http, https, file"
            raise Mistake(what, "indexes", url)
        for index, given in enumerate(names):
            if not _DISTRIBUTION.fullmatch(given):
                hint = "only the name, such as torch; its version is what is installed"
                what = f"{shown(given)} is no name of a distribution"
                raise Mistake(what, "indexes", url, index, hint=hint)
            if owner.setdefault(normalise(given), url) != url:
                what = f"{given} comes from {shown(owner[normalise(given)])} already"
                raise Mistake(what, "indexes", url, index, hint="keep one of the two")


def memory(value: str) -> int:
    """Check a size of memory and return it in bytes."""
    match = _MEMORY.fullmatch(value)
    size = int(match[1]) * 1024 ** "bkmgt".index(match[2].lower() or "b") if match else 0
    if size < _SMALLEST_MEMORY:
        what = "is too small" if match else "is no size of memory"
        hint = "a whole number and k, m, g or t, such as 8g; at least 6m"
        raise Mistake(f"{shown(value)} {what}", "memory", hint=hint)
    return size


def budget(value: str | int) -> int:
    """Check the most that an image may have, "6 GB" or a number of bytes; return bytes.

    Units are those of 1000, and with an i, as in GiB, of 1024.
    """
    match = _BUDGET.fullmatch(str(value).strip())
    if not match or float(match[1]) <= 0:
        hint = 'a number and B, kB, MB, GB or TB, such as "6 GB"; without a unit it is bytes'
        raise Mistake(f"{shown(str(value))} is no size", "budget", hint=hint)
    power = "kmgt".index(match[2].lower()) + 1 if match[2] else 0
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)


def inside(value: str, *key: str | int) -> None:
    """Check that a path stays below the folder of the configuration."""
    text(value, *key)
    depth = 0
    for part in PurePosixPath(value).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            hint = "paths here are relative to the folder of the configuration"
            raise Mistake(f"{shown(value)} lies outside the project", *key, hint=hint)


def plain_data(value: object, key: Key) -> None:
    """Refuse what no path, command or JSON document can hold, however deep it stands.

    NUL ends a string for the kernel; infinities have no JSON form.
    """
    if isinstance(value, str) and "\0" in value:
        raise Mistake("holds a NUL character", *key)
    if isinstance(value, float) and not math.isfinite(value):
        raise Mistake(f"{value} is no finite number", *key)
    if isinstance(value, dict):
        for name, item in value.items():
            if "\0" in name:
                raise Mistake("holds a NUL character", *key, name)
            plain_data(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            plain_data(item, (*key, index))
