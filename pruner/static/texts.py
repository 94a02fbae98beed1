"""The strings of a source text that may name a distribution: a parser, a driver, a backend."""

import ast
import re

SHORT = 80
_WORD = re.compile(r"[^\W\d][\w.-]*(?:/[\w.-]+)*")
_SCHEME = re.compile(r"[a-z][a-z0-9.-]*(?:\+[a-z][a-z0-9_.-]*)?(?=://|\Z)")


def texts(tree: ast.Module) -> dict[str, int]:
    """Return the words, paths and schemes of URLs among the strings, with their first lines.

    A word, or a path of words, has at most SHORT characters. Of "postgresql+asyncpg://db/x" the
    part before `://` is returned. Strings that are statements, as docstrings are, say nothing to
    the program.
    """
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            word = named(node.value)
            if word:
                found[word] = min(node.lineno, found.get(word, node.lineno))
    return dict(sorted(found.items()))


def named(text: str) -> str:
    """Return the word or the scheme that a text is or begins with, "" where it is neither."""
    scheme = _SCHEME.match(text) if "+" in text[:SHORT] or "://" in text[:SHORT] else None
    if scheme and len(scheme.group()) <= SHORT:
        return scheme.group()
    return text if len(text) <= SHORT and _WORD.fullmatch(text) else ""
