"""Which requirement files a RUN line installs, read from the text of its commands."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from pruner.image.commands import assignments, commands, split, words_of
from pruner.image.instructions import Instruction

_PIP = re.compile(r"(.*/)?pip[\d.]*")
_FLAGS = ("-r", "--requirement", "--requirements")
_INDEX_OPTIONS = {
    **dict.fromkeys(("-i", "--index-url", "--default-index"), "index_url"),
    **dict.fromkeys(("--extra-index-url", "--index"), "extra_index_urls"),
    **dict.fromkeys(("-f", "--find-links"), "find_links"),
}
_INDEX_VARIABLES = {
    **dict.fromkeys(("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"), "index_url"),
    **dict.fromkeys(("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"), "extra_index_urls"),
    **dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), "find_links"),
}


def installed_files(run: Instruction, workdir: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the absolute container paths of the requirement files that a RUN line installs."""
    folder = workdir
    for argv in commands(run, variables):
        if argv[:1] == ["cd"] and len(argv) > 1:
            folder = posixpath.join(folder, argv[1])
        for file in _requirements(argv):
            yield posixpath.normpath(posixpath.join(folder, file))


def named_indexes(run: Instruction, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (kind, URL) of the indexes that a RUN line's installers ask.

    The kind is "index_url", "extra_index_urls" or "find_links". They stand in options, in variables
    in front of the command, or in those that the image has by then.
    """
    exported: dict[str, str] = {}
    for command in split(run):
        argv = words_of(command, {**variables, **exported})
        if argv[:1] == ["export"]:
            exported |= dict(assignments(argv[1:]))
        start = next((n for n, word in enumerate(argv) if _PIP.fullmatch(word)), None)
        if start is not None and {"install", "sync", "wheel"} & set(argv[start + 1 :]):
            told = {**variables, **exported, **dict(assignments(argv[:start]))}
            yield from _of_variables(told)
            yield from _of_options(argv[start + 1 :])


def _of_variables(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, kind in _INDEX_VARIABLES.items():
        for word in variables.get(name, "").split():
            label, equals, url = word.partition("=")
            named = name in {"UV_INDEX", "UV_DEFAULT_INDEX"} and equals and "/" not in label
            yield kind, url if named else word


def _of_options(words: list[str]) -> Iterator[tuple[str, str]]:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in _INDEX_OPTIONS:
            url = value if equals else following
            if url and not url.startswith("-"):
                yield _INDEX_OPTIONS[name], url


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
