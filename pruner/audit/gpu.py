"""CUDA: is it there at all, is it there twice, and is it there for nothing."""

import re
from collections.abc import Iterator

from pruner.analysis.sizes import size
from pruner.audit.found import found, listed
from pruner.audit.values import Facts, Source
from pruner.image.bases import has_cuda
from pruner.model import Finding, Value, normalise
from pruner.requirements.values import Indexes
from pruner.rules import cuda_wheels

_LOCAL = re.compile(r"\+(cu\d+|cpu|rocm[\d.]*)")
_CPU_INDEX = re.compile(r"/(cpu|rocm[\d.]*)/?$")
_VARIABLES = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")


class Wheels(Value, frozen=True, kw_only=True):
    """What is asked for, or installed, that brings CUDA, and what needs one from elsewhere."""

    known: bool
    bring: tuple[str, ...] = ()
    need: tuple[str, ...] = ()


def cuda(facts: Facts) -> Iterator[Finding]:
    """Yield what the base and the wheels say of CUDA together."""
    source, wheels = facts.source, wheels_of(facts)
    if source is None:
        return
    stage = source.dockerfile.stages[source.chain[0]]
    where, base = source.where(stage.line), source.dockerfile.base
    based = has_cuda(base) and "rocm" not in base.lower()
    if based and wheels.bring and not wheels.need:
        what = f"{base} has CUDA, and so have the wheels: {listed(list(wheels.bring))}"
        yield found("PRN202", where, what, size_bytes=_of_base(facts))
    elif based and not facts.gpu and wheels.known and not wheels.need:
        what = f"{base} has CUDA, and nothing that is installed asks for it"
        yield found("PRN205", where, what, size_bytes=_of_base(facts))
    if facts.gpu and not has_cuda(base) and wheels.known:
        yield from _on_a_plain_base(source, where, wheels)
    if not facts.gpu and wheels.bring:
        yield from _for_nothing(facts, where, wheels)


def _on_a_plain_base(source: Source, where: str, wheels: Wheels) -> Iterator[Finding]:
    if wheels.bring:
        missing = [name for name in _VARIABLES if not source.dockerfile.env.get(name)]
        if missing:
            what = f"{listed(missing)} not set, on a base that has no CUDA of its own"
            yield found("PRN204", where, what)
        return
    base = source.dockerfile.base
    if wheels.need:
        what = f"{listed(list(wheels.need))} needs CUDA, and neither {base} nor a wheel brings it"
    else:
        what = f"gpu = true, and neither {base} nor a requirement brings CUDA"
    yield found("PRN203", where, what)


def _for_nothing(facts: Facts, where: str, wheels: Wheels) -> Iterator[Finding]:
    rows = facts.document.distributions if facts.document else ()
    count = sum(row.size_bytes for row in rows if row.name.startswith("nvidia-"))
    more = f"; their CUDA is {size(count)}" if count else ""
    what = f"gpu is not set, and {listed(list(wheels.bring))} brings CUDA{more}"
    yield found("PRN219", where, what, size_bytes=count or None)


def wheels_of(facts: Facts) -> Wheels:
    """Return what is known: what was installed where there is a lock, and what is asked for."""
    bring: list[str] = []
    need: list[str] = []
    lines = facts.requirements.requirements if facts.requirements else ()
    asked = {row.key: row for row in lines}
    names = (
        {normalise(row.name): row.version for row in facts.document.distributions}
        if (facts.document)
        else {}
    )
    for key, row in asked.items():
        names.setdefault(key, row.specifier)
    indexes = _indexes(facts)
    for key, version in names.items():
        extras = set(asked[key].extras) if key in asked else set()
        brings = _brings(key, extras)
        places = _places(asked[key].own) if key in asked else []
        if brings is None or _for_cpu(key, version, places or indexes, facts):
            continue
        (bring if brings else need).append(key)
    if any(name.startswith("nvidia-") for name in bring):
        # What is installed beside it finds these, and needs no other.
        need = []
    order = sorted(bring, key=lambda name: (name.startswith("nvidia-"), name))
    return Wheels(known=bool(names), bring=tuple(order), need=tuple(sorted(need)))


def _brings(key: str, extras: set[str]) -> bool | None:
    for row in cuda_wheels():
        if re.fullmatch(row.distribution, key) and (not row.extras or extras & set(row.extras)):
            return row.brings
    return None


def _for_cpu(key: str, version: str, indexes: list[str], facts: Facts) -> bool:
    """Return whether a build is one without CUDA: by its local version, else by its index."""
    if key.startswith("nvidia-"):
        return False
    local = _LOCAL.search(version)
    if local:
        return not local[1].startswith("cu")
    installed = facts.document is not None and any(
        normalise(row.name).startswith("nvidia-") for row in facts.document.distributions
    )
    return not installed and any(_CPU_INDEX.search(url) for url in indexes)


def _indexes(facts: Facts) -> list[str]:
    urls = [url for _, url in facts.source.dockerfile.indexes] if facts.source else []
    return urls + _places(facts.requirements.indexes if facts.requirements else None)


def _places(own: Indexes | None) -> list[str]:
    if own is None:
        return []
    return [*own.extra_index_urls, *([own.index_url] if own.index_url else [])]


def _of_base(facts: Facts) -> int | None:
    """Return the bytes of the base's layers that are CUDA, where the image is there to say."""
    layers = facts.built.layers if facts.built else ()
    counts = [
        layer.size_bytes
        for layer in layers
        if layer.line is None and re.search(r"cuda|NV_|nvidia", layer.created_by)
    ]
    return sum(counts) if counts else None
