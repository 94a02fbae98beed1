"""The paths that a first-party text may name: the strings of code, the words of anything else."""

import ast
import re
from collections.abc import Iterator

LONGEST = 300
_WORD = re.compile(r"[^\s'\"`<>|,;=(){}\[\]$]+")
_OPEN = re.compile(r"[{*?%\[]")
"""Where a path ends of which the rest is made up when the code runs."""


def named_paths(text: bytes, name: str) -> frozenset[str]:
    """Return what may be a path in a file of that name; nothing where it cannot be parsed.

    Of "data/{}.json" that is "data".
    """
    if not name.endswith(".py"):
        return frozenset(_WORD.findall(text.decode("utf-8", "replace")))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = {path for value in _strings(tree) for path in _paths(value)}
    return frozenset(path for path in found if path.strip("./"))


def _strings(tree: ast.AST) -> Iterator[str]:
    """Yield the strings that are no statements of their own."""
    silent = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in silent
            and len(node.value) <= LONGEST
        ):
            yield node.value


def _paths(value: str) -> Iterator[str]:
    yield value.strip()
    opened = _OPEN.search(value)
    if opened:
        yield value[: opened.start()].rpartition("/")[0]
    if " " in value.strip():  # a command, a sentence
        yield from (word for word in _WORD.findall(value) if "/" in word or "." in word)
