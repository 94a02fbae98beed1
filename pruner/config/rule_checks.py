"""Checks of single values in the user's own rules; each raises `Mistake`, as in `checks`."""

import re
from collections.abc import Iterable
from math import prod

from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from pruner.config.mistakes import Mistake, shown
from pruner.rules import expanded

_PYTHON_LINE = re.compile(r"3\.\d{1,2}")
_SHORT_VERSION = re.compile(r"(\d{1,3}(\.\d{1,3})?)?", re.ASCII)
_LOCAL = re.compile(r"([a-z0-9]+(\.[a-z0-9]+)*)?")
_SONAME = re.compile(r"[!-.0-~]{1,255}")
_DEBIAN = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}")
_REPOSITORY = re.compile(r"[a-z0-9][a-z0-9.-]*(:\d{1,5}/)?[a-z0-9._/-]*", re.ASCII)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_SYSTEM = re.compile(r"([a-z][a-z0-9-]*( [a-z0-9.]+)?)?", re.ASCII)
_LONGEST_NAME = 255
_MOST_TAGS = 10_000
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def python_line(value: str, *key: str | int) -> None:
    """Check a line of Python versions, such as 3.4."""
    if not _PYTHON_LINE.fullmatch(value):
        raise Mistake(f"{shown(value)} is no line of Python 3", *key, hint='write it as "3.4"')


def distribution(value: str, *key: str | int) -> None:
    """Check the name of a distribution, normalised or not."""
    try:
        canonicalize_name(value, validate=True)
    except InvalidName:
        hint = "write the name that it has on the index, without a version or extras"
        raise Mistake(f"{shown(value)} names no distribution", *key, hint=hint) from None


def dotted_name(value: str, *key: str | int) -> None:
    """Check a name that code could import, or reach below an import."""
    if not _DOTTED.fullmatch(value):
        hint = "write it as code does, such as cv2 or testing.assert_equal"
        raise Mistake(f"{shown(value)} is no name in Python", *key, hint=hint)


def library(value: str, *key: str | int) -> None:
    """Check the path of a library as it lies below site-packages."""
    parts = value.split("/")
    if "" in parts or ".." in parts or ".so" not in parts[-1]:
        hint = "write it from site-packages on, such as cv2/qt/plugins/platforms/libqxcb.so"
        raise Mistake(f"{shown(value)} is no library below site-packages", *key, hint=hint)


def public_version(value: str, *key: str | int) -> None:
    """Check a version without its local part."""
    try:
        version = Version(value)
    except InvalidVersion:
        what = f"{shown(value)} is no version of a release"
        raise Mistake(what, *key, hint='write it as "2.2.2"') from None
    if version.local:
        hint = f'write version = "{version.public}" and local = "{version.local}"'
        raise Mistake(f"{shown(value)} has a local part", *key, hint=hint)


def local_version(value: str, *key: str | int) -> None:
    """Check the local part of a version."""
    if not _LOCAL.fullmatch(value):
        hint = 'what stands behind the +, such as "cu121"'
        raise Mistake(f"{shown(value)} is no local version", *key, hint=hint)


def short_version(value: str, *key: str | int) -> None:
    """Check a version of a toolkit: "", "major" or "major.minor"."""
    if not _SHORT_VERSION.fullmatch(value):
        hint = 'write it as "12.1", as "12", or as "" for none'
        raise Mistake(f"{shown(value)} is no version of it", *key, hint=hint)


def soname(value: str, *key: str | int) -> None:
    """Check the name of a shared library, or a pattern of such names."""
    if not _SONAME.fullmatch(value):
        hint = 'its file name without folders, such as "libcudnn*.so.8"'
        raise Mistake(f"{shown(value)} names no library", *key, hint=hint)


def debian(value: str, *key: str | int) -> None:
    """Check the name of one of Debian's packages."""
    if not _DEBIAN.fullmatch(value):
        hint = "as apt-get install takes it, such as libgl1"
        raise Mistake(f"{shown(value)} is no name of a package of Debian's", *key, hint=hint)


def repository(value: str, *key: str | int) -> None:
    """Check the name of an image without a tag."""
    if len(value) > _LONGEST_NAME or not _REPOSITORY.fullmatch(value):
        hint = 'its name without a tag or digest, such as "registry.example/team/python"'
        raise Mistake(f"{shown(value)} names no image", *key, hint=hint)


def tags(value: str, *key: str | int) -> None:
    """Check a word with lists in braces, each reading of which is a tag."""
    if prod(part.count(",") + 1 for part in value.split("{")[1:]) > _MOST_TAGS:
        raise Mistake(f"are more than {_MOST_TAGS} tags", *key, hint="write several")
    hint = 'written like a word of a shell, such as "3.{10,11}{,-slim}"'
    for tag in expanded(value):
        if not _TAG.fullmatch(tag):
            raise Mistake(f"{shown(tag)} is no tag", *key, hint=hint)


def pattern(value: str, *key: str | int) -> None:
    """Check a regular expression."""
    try:
        re.compile(value)
    except re.error as error:
        hint = "a regular expression of Python's, for whole tags"
        raise Mistake(f"{shown(value)} is no pattern: {error.msg}", *key, hint=hint) from None


def system(value: str, *key: str | int) -> None:
    """Check the name of a distribution of Linux with its version, or ""."""
    if not _SYSTEM.fullmatch(value):
        hint = 'its name and version in lower case, such as "debian 12"'
        raise Mistake(f"{shown(value)} names no distribution of Linux", *key, hint=hint)


def distinct(values: Iterable[str], key: str) -> None:
    """Check that no two rows of a list are about the same thing, which is what `values` names."""
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        first = seen.setdefault(value, index)
        if first != index:
            what = f"is about {shown(value)}, as {key}[{first}] is"
            raise Mistake(what, key, index, hint="keep one of them")
