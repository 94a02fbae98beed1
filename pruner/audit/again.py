"""What a RUN does to files that an earlier layer has: removed too late, or stored a second time."""

import posixpath
from collections.abc import Iterator

from pruner.audit.found import found, listed
from pruner.audit.values import Facts, Source, Step
from pruner.image.commands import commands
from pruner.image.copies import Copy
from pruner.image.ignoring import below
from pruner.model import Finding

_REWRITES = {"chown", "chmod", "chgrp"}


def again(facts: Facts) -> Iterator[Finding]:
    """Yield RUN lines that remove or rewrite what COPY has put into a layer before."""
    source = facts.source
    if source is None:
        return
    for step in source.of("RUN"):
        removed: list[str] = []
        written: dict[int, Copy] = {}
        for program, path in _touched(step):
            copy = _copied(source, step, path)
            if copy is not None and program == "rm":
                removed.append(path)
            elif copy is not None:
                written[copy.line] = copy
        if removed:
            what = f"removes {listed(removed)}, whose bytes stay in the layer that copied them"
            fix = "leave it out by .dockerignore, or copy only what is needed"
            yield found("PRN211", source.where(step.line), what, fix=fix)
        if written:
            yield _rewritten(facts, source, step, list(written.values()))


def _touched(step: Step) -> Iterator[tuple[str, str]]:
    """Yield the program and the absolute path of what a RUN removes or writes anew."""
    folder = step.workdir
    for argv in commands(step.instruction, step.variables):
        program = posixpath.basename(argv[0])
        words = [word for word in argv[1:] if not word.startswith("-")]
        options = "".join(word for word in argv[1:] if word.startswith("-"))
        if program == "cd" and words:
            folder = posixpath.join(folder, words[0])
        elif program == "rm" or (program in _REWRITES and "R" in options):
            for word in words if program == "rm" else words[1:]:  # first the owner, or the mode
                yield program, posixpath.normpath(posixpath.join(folder, word))


def _copied(source: Source, step: Step, path: str) -> Copy | None:
    """Return the line before that copied a path, or all that lies in it."""
    for copy in source.dockerfile.copies:
        to = copy.to.rstrip("/") or "/"
        mine = any(other.line == copy.line for other in source.of("COPY", "ADD"))
        if mine and copy.line < step.line and (_in(path, to) or _in(to, path)):
            return copy
    return None


def _in(path: str, folder: str) -> bool:
    return folder != "/" and (path == folder or path.startswith(f"{folder}/"))


def _rewritten(facts: Facts, source: Source, step: Step, copies: list[Copy]) -> Finding:
    layer = facts.built.at(step.line) if facts.built else None
    files = facts.context.files if facts.context else {}
    taken = {
        path: count
        for path, count in files.items()
        if any(below(path, one) for copy in copies for one in copy.sources)
    }
    context = sum(taken.values()) if facts.context else None
    lines = listed([str(copy.line) for copy in copies])
    return found(
        "PRN226",
        source.where(step.line),
        f"stores again what was copied in line {lines}",
        size_bytes=layer.size_bytes if layer else context,
    )
