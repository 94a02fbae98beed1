"""Which requirement files a RUN line installs, read from the text of its commands."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping

from pruner.image.expand import exec_form, expand
from pruner.image.instructions import Instruction

_BETWEEN = re.compile(r"&&|\|\||[;|\n&()]")
_PIP = re.compile(r"(.*/)?pip[\d.]*")
_FLAGS = ("-r", "--requirement", "--requirements")


def installed_files(run: Instruction, workdir: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the absolute container paths of the requirement files that a RUN line installs."""
    listed = exec_form(run.value)
    script = shlex.join(listed) if listed else "\n".join((run.value, *run.heredocs))
    folder = workdir
    for command in _BETWEEN.split(script):
        argv = _argv(command, variables)
        if argv[:1] == ["cd"] and len(argv) > 1:
            folder = posixpath.join(folder, argv[1])
        for file in _requirements(argv):
            yield posixpath.normpath(posixpath.join(folder, file))


def mounted(run: Instruction, workdir: str) -> Iterator[tuple[str, str, str | None]]:
    """Yield (source, target, stage) of what a RUN line binds into the container for a while."""
    for name, value in run.flags:
        parts = dict(part.partition("=")[::2] for part in value.split(","))
        if name != "mount" or parts.get("type", "bind") != "bind":
            continue
        source = parts.get("source") or parts.get("src") or "."
        target = parts.get("target") or parts.get("dst") or parts.get("destination")
        if target:
            yield source, posixpath.join(workdir, target), parts.get("from")


def _argv(command: str, variables: Mapping[str, str]) -> list[str]:
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    return [expand(word, variables) for word in words]


def _requirements(argv: list[str]) -> Iterator[str]:
    start = next((n for n, word in enumerate(argv) if _PIP.fullmatch(word)), None)
    verbs = {"install", "sync", "wheel"}
    if start is None or not verbs & set(argv[start + 1 :]):
        return
    rest = argv[start + 1 :]
    for word, following in zip(rest, [*rest[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            yield following
        elif equals and name in _FLAGS:
            yield value
        elif word.startswith("-r") and not word.startswith("--"):
            yield word.removeprefix("-r")
        elif "sync" in rest and word.endswith((".txt", ".in")) and not word.startswith("-"):
            yield word
