"""Findings that somebody lives with: comments beside a line, and keys of the configuration."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pruner.audit.found import found
from pruner.audit.values import Ignored
from pruner.codes import CODES
from pruner.model import Finding, Value

_COMMENT = re.compile(
    r"#\s*pruner:\s*ignore\b[:\s]*(?P<codes>PRN\w*(?:[,\s]+PRN\w*)*)?(?P<reason>.*)", re.IGNORECASE
)


class Comment(Value, frozen=True, kw_only=True):
    """`# pruner: ignore PRN206 reason`, and the lines that it speaks of."""

    file: str
    line: int
    codes: tuple[str, ...]
    reason: str
    first: int
    last: int

    @property
    def where(self) -> str:
        """Its own place."""
        return f"{self.file}:{self.line}"


def comments(file: str, lines: Sequence[str], spans: Mapping[int, int]) -> Iterator[Comment]:
    """Yield the comments of a file; `spans` are the first and last lines of its instructions.

    A comment speaks of its own line, or where it stands alone, of what comes next: all of an
    instruction that begins there.
    """
    for number, text in enumerate(lines, 1):
        match = _COMMENT.search(text)
        if match is None:
            continue
        codes = tuple(re.findall(r"PRN\w*", (match["codes"] or "").upper()))
        first = number if text[: match.start()].strip() else _next(lines, number)
        yield Comment(
            file=file,
            line=number,
            codes=codes,
            reason=match["reason"].strip(" :-"),
            first=first,
            last=spans.get(first, first),
        )


def _next(lines: Sequence[str], number: int) -> int:
    """Return the first line behind a comment that is none."""
    for at in range(number, len(lines)):
        text = lines[at].strip()
        if text and not text.startswith("#"):
            return at + 1
    return number


def parted(
    findings: Iterable[Finding], told: Sequence[Comment], configured: Mapping[str, str]
) -> tuple[tuple[Finding, ...], tuple[Ignored, ...]]:
    """Return the findings that stay, and those that are ignored.

    `configured` has the key of the configuration that names a code. Comments that ignore nothing,
    and codes that do not exist, are findings themselves.
    """
    stay: list[Finding] = []
    gone: list[Ignored] = []
    used: set[tuple[str, str]] = set()
    for item in findings:
        comment = next((row for row in told if _fits(row, item)), None)
        if comment is not None:
            used.add((comment.where, item.code))
            gone.append(Ignored(item, comment.where, comment.reason))
        elif item.code in configured:
            gone.append(Ignored(item, configured[item.code]))
        else:
            stay.append(item)
    stay += [row for comment in told for row in _idle(comment, used)]
    return tuple(stay), tuple(gone)


def _fits(comment: Comment, item: Finding) -> bool:
    file, line = place(item.where)
    return (
        file == comment.file
        and line is not None
        and comment.first <= line <= comment.last
        and item.code in comment.codes
    )


def _idle(comment: Comment, used: set[tuple[str, str]]) -> Iterator[Finding]:
    if not comment.codes:
        yield found("PRN290", comment.where, "names no code: # pruner: ignore PRN206")
    for code in comment.codes:
        if code not in CODES:
            yield found("PRN290", comment.where, f"there is no code {code}")
        elif (comment.where, code) not in used:
            yield found("PRN290", comment.where, f"nothing of {code} is found there")


def place(where: str) -> tuple[str, int | None]:
    """Return the file and the line of a finding's place; None where it has no line."""
    file, colon, line = where.rpartition(":")
    return (file, int(line)) if colon and line.isdecimal() else (where, None)
