"""Which system packages the RUN lines of a stage install, and which of them stay."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pruner.audit.values import Source, Step
from pruner.image.commands import commands
from pruner.model import Value

_MANAGERS = {"apt-get", "apt", "aptitude", "apk", "dnf", "yum", "microdnf", "tdnf", "zypper"}
_INSTALL = {"install", "add", "in"}
_REMOVE = {"remove", "purge", "del", "erase", "autoremove", "rm"}
_VALUED = {"-t", "--target-release", "--default-release", "-o", "--option", "-c", "--repository"}
_VALUED |= {"--virtual", "-X", "--installroot", "--releasever", "--enablerepo", "--disablerepo"}
_NAME = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9+._-]*")
_WRAPPERS = {"sudo", "env", "eatmydata", "nice", "time", "exec", "then", "do", "else", "if", "!"}


class Package(Value, frozen=True, kw_only=True):
    """A system package that a line names; `step` is the first line of its instruction."""

    name: str
    line: int
    step: int


def staying(source: Source) -> tuple[Package, ...]:
    """Return what the image's own stages install by name and do not remove in the same RUN."""
    return tuple(package for step in source.of("RUN") for package in _of(step, source.lines))


def removed(step: Step) -> frozenset[str]:
    """Return the packages that a RUN line removes by name."""
    return frozenset(name for verb, names in _managed(step) if verb in _REMOVE for name in names)


def _of(step: Step, lines: Sequence[str]) -> Iterator[Package]:
    managed = list(_managed(step))
    if any(verb == "autoremove" and not names for verb, names in managed) and _marked(step):
        return  # what was only there to build is marked, and goes by itself
    gone = removed(step) | _virtual(step)
    seen: set[str] = set()
    for verb, names in managed:
        for name in names if verb in _INSTALL else ():
            if name not in seen | gone:
                seen.add(name)
                yield Package(name=name, line=_line(name, step, lines), step=step.line)


def _managed(step: Step) -> Iterator[tuple[str, list[str]]]:
    """Yield (verb, packages) of every call of a package manager; removals by --auto-remove too."""
    for argv in commands(step.instruction, step.variables):
        words = _called(argv)
        if not words or words[0].rpartition("/")[2] not in _MANAGERS:
            continue
        verb, names = _verb(words[1:])
        yield verb, names
        if verb in _REMOVE and {"--auto-remove", "--autoremove"} & set(words):
            yield "autoremove", []


def _called(argv: list[str]) -> list[str]:
    rest = list(argv)
    while rest and (rest[0] in _WRAPPERS or re.match(r"\w+=", rest[0])):
        rest.pop(0)
    return rest


def _verb(words: list[str]) -> tuple[str, list[str]]:
    verb, names, skip = "", [], False
    for word in words:
        if skip or word.startswith("-"):
            skip = not skip and word in _VALUED
        elif not verb:
            verb = word
        else:  # a variable may hold several
            names += [_plain(part) for part in word.split() if _NAME.match(part)]
    return verb, names


def _plain(word: str) -> str:
    """Return the name in "gcc=4:12", "libc6:amd64", "vim/stable" or "py3-pip~=23"."""
    return re.split(r"[=:/~<>]", word, maxsplit=1)[0]


def _marked(step: Step) -> bool:
    return any(
        words[:2] == ["apt-mark", "auto"]
        for words in map(_called, commands(step.instruction, step.variables))
    )


def _virtual(step: Step) -> frozenset[str]:
    """Return what `apk add --virtual NAME` brings where the same RUN has `apk del NAME`."""
    gone = set(removed(step)) | {
        word
        for words in map(_called, commands(step.instruction, step.variables))
        if words[:1] == ["apk"] and "del" in words
        for word in words
    }
    found: set[str] = set()
    for words in map(_called, commands(step.instruction, step.variables)):
        for option, name in pairwise(words):
            if option in {"--virtual", "-t"} and words[0] == "apk" and name in gone:
                found |= set(_verb(words[1:])[1])
    return frozenset(found)


def _line(name: str, step: Step, lines: Sequence[str]) -> int:
    """Return the line that a name stands on, the instruction's first where it is not found."""
    word = re.compile(rf"(?<![\w.+-]){re.escape(name)}(?![\w.+-])")
    for number in range(step.line, step.instruction.last_line + 1):
        text = lines[number - 1] if number <= len(lines) else ""
        if not text.lstrip().startswith("#") and word.search(text):
            return number
    return step.line
