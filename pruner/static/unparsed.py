"""The import statements of a text that this interpreter's grammar cannot read.

A newer Python has words that an older one does not know: `type X = int`, an f-string in an
f-string. Tokens are still found, and an import statement is the same in all of them.
"""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator

_SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def import_statements(text: bytes) -> str:
    """Return a text with the import statements of another one, each on the line where it begins.

    What is indented, or lazy, is put into a function: whether, and when, it runs is not known.
    Nothing is raised; what comes after a place that has no tokens is lost.
    """
    lines: dict[int, list[str]] = {}
    deep: set[int] = set()
    for line, depth, statement in _statements(text):
        if _parses(statement):
            lines.setdefault(line, []).append(statement)
            if depth:
                deep.add(line)
    last = max(lines, default=0)
    return "\n".join(
        ("def _(): " if line in deep else "") + "; ".join(lines.get(line, ()))
        for line in range(1, last + 1)
    )


def _statements(text: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield the import statements with their lines, and how far they are indented."""
    depth = 0
    logical: list[tokenize.TokenInfo] = []
    for token in _tokens(text):
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type in {tokenize.NEWLINE, tokenize.ENDMARKER}:
            inside = any(part.string == ":" for part in logical)  # `if x: import y`
            for part in _simple(logical):
                lazy = part[0].string == "lazy"  # Python 3.15: it runs where the name is used
                words = [each.string for each in part[lazy:]]
                if words[:1] in (["import"], ["from"]):
                    yield part[0].start[0], depth + inside + lazy, " ".join(words)
            logical = []
        elif token.type not in _SKIPPED:
            logical.append(token)


def _tokens(text: bytes) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.tokenize(io.BytesIO(text).readline)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return


def _simple(logical: Iterable[tokenize.TokenInfo]) -> Iterator[list[tokenize.TokenInfo]]:
    """Yield the simple statements of a logical line: "if x: import a; import b" has three parts."""
    part: list[tokenize.TokenInfo] = []
    nested = 0
    for token in logical:
        nested += (token.string in _OPEN) - (token.string in _CLOSE)
        if nested <= 0 and token.string in {";", ":"}:
            if part:
                yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _parses(statement: str) -> bool:
    try:
        ast.parse(statement)
    except (SyntaxError, ValueError):
        return False
    return True
