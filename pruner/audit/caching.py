"""Caches that stay in layers: as the layers have them, else as the commands say."""

import re
from collections.abc import Iterator

from pruner.analysis.sizes import size
from pruner.audit.found import found
from pruner.audit.values import Facts, Layer, Source, Step
from pruner.image.commands import commands, script
from pruner.model import Finding
from pruner.rules import Cache, caches

_LEAST = 10_000
"""Bytes that are worth a line."""
_OFF = {"", "0", "false", "off", "no"}
_CLEANED = re.compile(
    r"\b(pip|uv|conda|mamba|micromamba|dnf|yum|microdnf|npm|poetry)\d*\b[^;&|]*\b(cache|clean)\b"
)


def left(facts: Facts) -> Iterator[Finding]:
    """Yield the caches that stay, one finding a line."""
    if facts.source is None:
        return
    source = facts.source
    for step in source.of("RUN"):
        layer = facts.built.at(step.line) if facts.built else None
        if layer is not None:
            yield from _measured(source, step, layer)
        else:
            yield from _told(source, step)


def _measured(source: Source, step: Step, layer: Layer) -> Iterator[Finding]:
    known = {row.what: row for row in caches()}
    for what, count in sorted(layer.caches.items(), key=lambda row: -row[1]):
        if count >= _LEAST and what in known:
            text = f"{what} in the layer: {size(count)}"
            yield found(
                "PRN210", source.where(step.line), text, fix=known[what].fix, size_bytes=count
            )


def _told(source: Source, step: Step) -> Iterator[Finding]:
    calls = [" ".join(argv) for argv in commands(step.instruction, step.variables)]
    env = [f"{name}={value}" for name, value in step.variables.items() if value.lower() not in _OFF]
    mounts = [value for name, value in step.instruction.flags if name == "mount"]
    for row in caches():
        made = [call for call in calls if row.makes and re.match(row.makes, _bare(call))]
        if not made or _prevented(row, made, env) or _mounted(row, mounts) or _wiped(row, step):
            continue
        yield found(
            "PRN210",
            source.where(step.line),
            f"{row.what} stay in the layer"
            if row.what.endswith("s")
            else f"{row.what} stays in the layer",
            fix=row.fix,
        )


def _bare(call: str) -> str:
    return re.sub(r"^((sudo|env|exec|\w+=\S*)\s+)+", "", call)


def _prevented(row: Cache, made: list[str], env: list[str]) -> bool:
    def without(call: str) -> bool:
        text = f" {call} "
        return any(
            f" {word} " in text or (word.endswith("=") and f" {word}" in text)
            for word in row.not_with
        )

    by_env = any(set_.startswith(word) for word in row.not_with for set_ in env if "=" in word)
    return by_env or all(without(call) for call in made)


def _mounted(row: Cache, mounts: list[str]) -> bool:
    for mount in mounts:
        parts = dict(part.partition("=")[::2] for part in mount.split(","))
        target = parts.get("target") or parts.get("dst") or parts.get("destination") or ""
        if parts.get("type") in {"cache", "tmpfs"} and _holds(target, row):
            return True
    return False


def _holds(target: str, row: Cache) -> bool:
    """Return whether a folder holds a cache, or lies in it."""
    place = target.rstrip("/")
    inside = ("/root/.cache/pip", "/root/.cache/uv", "/root/.cache/pypoetry", "/root/.npm")
    known = [*inside, "/var/lib/apt/lists", "/var/cache/apt", "/var/cache/dnf", "/var/cache/yum"]
    return re.match(row.folder, place) is not None or any(
        path.startswith(f"{place}/") and re.match(row.folder, path) for path in known
    )


def _wiped(row: Cache, step: Step) -> bool:
    """Return whether the same RUN removes a cache again."""
    text = script(step.instruction)
    for argv in commands(step.instruction, step.variables):
        if argv[0].rpartition("/")[2] == "rm":
            paths = [
                word.rstrip("*").rstrip("/") for word in argv[1:] if word.startswith(("/", "~"))
            ]
            if any(_holds(path.replace("~", "/root"), row) for path in paths if path):
                return True
    return any(match[1] in row.makes for match in _CLEANED.finditer(text))
