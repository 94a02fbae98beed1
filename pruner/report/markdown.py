"""Audits as Markdown: a table for each image."""

from collections.abc import Iterator

from pruner.analysis.sizes import size
from pruner.audit.values import Audits, ImageAudit

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]<>#|~!"})


def markdown(audits: Audits) -> str:
    """Return audits as a document in Markdown."""
    return "\n".join(line for image in audits.images for line in _image(image))


def _image(image: ImageAudit) -> Iterator[str]:
    yield f"## {_cell(image.image)}"
    yield ""
    if image.findings:
        yield "| costs | code | severity | where | what | fix |"
        yield "| ---: | --- | --- | --- | --- | --- |"
        for item in image.findings:
            costs = "" if item.size_bytes is None else size(item.size_bytes)
            cells = (item.code, item.severity, item.where, item.what, item.fix)
            yield f"| {costs} | {' | '.join(map(_cell, cells))} |"
    else:
        yield "Nothing was found."
    yield ""
    if image.ignored:
        codes = ", ".join(sorted({row.finding.code for row in image.ignored}))
        yield f"{len(image.ignored)} ignored: {codes}."
        yield ""


def _cell(text: str) -> str:
    """Return text as it is, in one cell of a table."""
    lines = (
        "".join(char if char.isprintable() else "?" for char in line) for line in text.split("\n")
    )
    return "<br>".join(line.translate(_SPECIAL) for line in lines)
