"""Other people's text in Markdown as code hosts render it: nothing in it means anything.

Names, versions and reasons come from metadata and traces. A host acts on more than Markdown: it
notifies whoever an @ names, links what looks like a URL or a number, and lets some HTML through.
Entities stop the first parser; a space of no width stops what looks at the text afterwards.
"""

import re

MOST = 300
"""Characters of one text."""

_GAP = "&#8203;"  # a space of no width
_SPECIAL = {ord(char): f"&#{ord(char)};" for char in "\\`*_{}[]<>|~!&$"}
_SPECIAL |= {ord("@"): f"&#64;{_GAP}", ord("#"): f"&#35;{_GAP}"}
_LINKS = re.compile(r"www(?=\.)|:(?=//|[\w+-]+:)", re.IGNORECASE)  # URLs, and ":smile:"
_CODE = re.compile(r"[A-Za-z0-9._+!=-]+")


def prose(text: str, most: int = MOST) -> str:
    """Return text as it is, on one line, cut where it is longer than `most` characters."""
    line = _LINKS.sub(lambda match: f"{match[0]}\0", _one_line(text, most))
    return line.translate(_SPECIAL).replace("\0", _GAP)


def code(text: str, most: int = MOST) -> str:
    """Return a name or a version as code where that is safe, else as prose."""
    line = _one_line(text, most)
    return f"`{line}`" if _CODE.fullmatch(line) else prose(line, most)


def _one_line(text: str, most: int) -> str:
    line = "".join(char if char.isprintable() else " " for char in text[: most + 1]).strip()
    return f"{line[: most - 1]}…" if len(line) > most else line
