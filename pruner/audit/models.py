"""Models that are baked into an image."""

import posixpath
import re
from collections.abc import Iterator

from pruner.audit.found import found, listed
from pruner.audit.values import Facts, Source
from pruner.image.commands import script
from pruner.image.ignoring import below
from pruner.model import Finding
from pruner.rules import weights


def is_weights(path: str, size_bytes: int) -> bool:
    """Return whether a file of that size is a model's weights rather than an example or a table.

    An absolute path is one in an image, where what packages bring does not count.
    """
    suffix = posixpath.splitext(path)[1].lower()
    return any(
        size_bytes >= row.least_bytes
        and (suffix in row.suffixes or re.match(row.folder, path))
        and not (path.startswith("/") and re.match(row.not_below, path))
        for row in weights()
        if not row.command
    )


def models(facts: Facts) -> Iterator[Finding]:
    """Yield lines that copy or fetch weights."""
    if facts.source is None:
        return
    yield from _copied(facts, facts.source)
    yield from _fetched(facts, facts.source)


def _copied(facts: Facts, source: Source) -> Iterator[Finding]:
    context = facts.context.files if facts.context else {}
    final = {step.line for step in source.of("COPY", "ADD")}
    for copy in source.dockerfile.copies:
        taken = {
            path: count
            for path, count in context.items()
            if is_weights(path, count) and any(below(path, item) for item in copy.sources)
        }
        remote = [path for path in copy.sources if "://" in path and _has_suffix(path)]
        if copy.line not in final or not (taken or remote):
            continue
        names = sorted(taken, key=lambda path: -taken[path]) + remote
        layer = facts.built.at(copy.line) if facts.built and remote else None
        count = sum(layer.weights.values()) if layer else sum(taken.values()) or None
        yield found(
            "PRN214",
            source.where(copy.line),
            f"{listed([posixpath.basename(name) for name in names])} in the image",
            size_bytes=count,
        )


def _has_suffix(path: str) -> bool:
    plain = re.split(r"[?#]", path)[0].lower()
    return any(plain.endswith(suffix) for row in weights() for suffix in row.suffixes)


def _fetched(facts: Facts, source: Source) -> Iterator[Finding]:
    """Yield RUN lines that fetch weights, by their commands, or that left some in their layer."""
    for step in source.of("RUN"):
        text = re.sub(r"\s+", " ", script(step.instruction))
        row = next((row for row in weights() if row.command and re.search(row.command, text)), None)
        layer = facts.built.at(step.line) if facts.built else None
        held = layer.weights if layer else {}
        if row is None and not held:
            continue
        names = sorted(held, key=lambda path: -held[path])
        what = f"RUN {row.what} into the image" if row else "RUN leaves weights in the image"
        more = f": {listed([posixpath.basename(name) for name in names])}" if names else ""
        count = sum(held.values()) if held else None
        yield found("PRN214", source.where(step.line), what + more, size_bytes=count)
