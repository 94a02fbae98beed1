"""COPY and ADD: the whole tree, destinations with wildcards, scripts that stay behind."""

import posixpath
import re
from collections.abc import Iterator

from pruner.audit.found import found, listed
from pruner.audit.values import Context, Facts, Source, Step
from pruner.image.copies import Copy
from pruner.image.expand import exec_form, expand, words
from pruner.image.ignoring import below
from pruner.model import Finding

_WHOLE = {"", "*", "**"}
_SITE = re.compile(r"/(site|dist)-packages/?$")


def copies(facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the COPY and ADD lines of the image."""
    if facts.source is None:
        return
    source = facts.source
    for step in source.of("COPY", "ADD"):
        paths = _paths(step)
        if paths and re.search(r"[*?]|\[[^\]]+\]", paths[-1]):
            yield _wildcard(source, step, paths[-1])
        if step.instruction.flag("from") is None and any(is_whole(path) for path in paths[:-1]):
            yield found(
                "PRN209",
                source.where(step.line),
                f"{step.instruction.name} takes the whole context into the image",
                size_bytes=_copied(facts, step),
            )
    yield from _scripts(source)
    yield from _missing(facts, source)


def is_whole(path: str) -> bool:
    """Return whether a source of COPY is all of the context."""
    return posixpath.normpath(path or ".").strip("/").removeprefix(".") in _WHOLE


def _paths(step: Step) -> list[str]:
    listed_ = exec_form(step.instruction.value) or tuple(words(step.instruction.value))
    return [expand(word, step.variables) for word in listed_]


def _copied(facts: Facts, step: Step) -> int | None:
    """Return the bytes of the layer that a line made, else of the context that it takes."""
    layer = facts.built.at(step.line) if facts.built else None
    if layer is not None:
        return layer.size_bytes
    return sum(facts.context.files.values()) if facts.context else None


def _wildcard(source: Source, step: Step, to: str) -> Finding:
    return found(
        "PRN215",
        source.where(step.line),
        f"the destination {to} is taken as it stands: a folder of that name is made",
    )


def _scripts(source: Source) -> Iterator[Finding]:
    """Yield site-packages of another stage without the programs beside them."""
    taken: dict[str, list[tuple[int, str]]] = {}
    for step in source.of("COPY"):
        stage = step.instruction.flag("from")
        if stage is not None:
            taken.setdefault(stage, []).extend((step.line, path) for path in _paths(step)[:-1])
    for rows in taken.values():
        others = [path.rstrip("/") for _, path in rows if not _SITE.search(path)]
        for line, path in rows:
            if _SITE.search(path) and not any(_has_programs(path, other) for other in others):
                yield found(
                    "PRN218",
                    source.where(line),
                    f"{path} comes without the programs of its distributions, which lie in bin/",
                )


def _has_programs(site: str, other: str) -> bool:
    return other.endswith("/bin") or "/bin/" in other or site.startswith(f"{other}/")


def _missing(facts: Facts, source: Source) -> Iterator[Finding]:
    if facts.context is None:
        return
    for copy in source.dockerfile.copies:
        absent = [path for path in copy.sources if _absent(path, copy, facts.context)]
        hidden = [path for path in absent if _lies_in(path, facts.context.ignored)]
        gone = [path for path in absent if path not in hidden]
        where = source.where(copy.line)
        if hidden:
            ignored = facts.context.ignore_file or ".dockerignore"
            yield found("PRN241", where, f"{listed(hidden)}: {ignored} leaves out all of it")
        if gone:
            yield found("PRN241", where, f"{listed(gone)}: not in the build context")


def _absent(path: str, copy: Copy, context: Context) -> bool:
    if copy.stage is not None or "://" in path or path.startswith("git@") or is_whole(path):
        return False
    return not _lies_in(path, context.files) and "$" not in path


def _lies_in(path: str, files: "frozenset[str] | dict[str, int]") -> bool:
    return any(below(file, path) for file in files)
