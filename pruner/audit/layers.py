"""Which line of a Dockerfile made which layer of an image."""

import re
from collections.abc import Sequence

import msgspec

from pruner.audit.values import Layer, Source, Step
from pruner.image.expand import exec_form

_MAKING = ("RUN", "COPY", "ADD", "WORKDIR")
_NOP = re.compile(r"^.*?#\(nop\)\s+(\w+)\s", re.DOTALL)
_KIND = re.compile(rf"({'|'.join(_MAKING)}) ")
_OTHER = re.compile(
    r"(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER"
    r"|VOLUME) "
)


def mapped(source: Source, layers: Sequence[Layer]) -> tuple[Layer, ...] | None:
    """Return an image's layers, the oldest first, with their lines; the base's have none.

    They are followed from the last one back, since that is where the Dockerfile's own are. None
    where the image was not made from these lines.
    """
    steps = [step for step in source.final if step.instruction.name in _MAKING]
    places = [n for n, layer in enumerate(layers) if kind(layer.created_by) in _MAKING]
    if len(places) < len(steps):
        return None
    result = list(layers)
    for step, n in zip(reversed(steps), reversed(places), strict=False):
        if not _made(step, layers[n].created_by):
            return None
        result[n] = msgspec.structs.replace(layers[n], line=step.line)
    return tuple(result)


def kind(created_by: str) -> str:
    """Return the instruction that a line of an image's history tells of."""
    if match := _NOP.match(f"{created_by} "):
        return match[1]
    match = _KIND.match(created_by) or _OTHER.match(created_by)
    return match[1] if match else "RUN"


def _made(step: Step, created_by: str) -> bool:
    item = step.instruction
    if kind(created_by) != item.name:
        return False
    if item.name != "RUN" or item.heredocs or exec_form(item.value) is not None:
        return True
    return _plain(item.value) in _plain(created_by)


def _plain(text: str) -> str:
    return "".join(text.replace("\\\n", " ").split())
