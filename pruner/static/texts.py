"""The strings of a source text that may name a distribution: a parser, a driver, a backend."""

import ast
import re
from collections.abc import Iterable

SHORT = 80
_LOGGERS = {"getLogger", "get_logger"}
_WORD = re.compile(r"[^\W\d][\w.-]*(?::[^\W\d][\w.]*)?")
_SCHEME = re.compile(r"[a-z][a-z0-9.-]*(?:\+[a-z][a-z0-9_.-]*)?(?=://|\Z)")


def texts(tree: ast.Module) -> dict[str, int]:
    """Return the single words and the schemes of URLs among the strings, with their first lines.

    A word has at most SHORT characters. Of "postgresql+asyncpg://db/x" the part before `://` is
    returned. Strings that are statements, as docstrings are, say nothing to the program. Names of
    loggers look like modules and are left out: nothing is imported for them.
    """
    silent = {id(each) for node in ast.walk(tree) for each in _silent(node)}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in silent
        ):
            word = named(node.value)
            if word:
                found[word] = min(node.lineno, found.get(word, node.lineno))
    return dict(sorted(found.items()))


def _silent(node: ast.AST) -> Iterable[ast.AST | None]:
    """Return the strings in a node that name nothing: a statement, the names of loggers."""
    match node:
        case ast.Expr(value=ast.Constant() as value):
            return [value]
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args):
            return args if name in _LOGGERS else []
        case ast.Dict(keys=keys, values=values):
            tables = (
                value
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "loggers"
            )
            return [key for table in tables if isinstance(table, ast.Dict) for key in table.keys]
        case _:
            return []


def named(text: str) -> str:
    """Return the word or the scheme that a text is or begins with, "" where it is neither."""
    scheme = _SCHEME.match(text) if "+" in text[:SHORT] or "://" in text[:SHORT] else None
    if scheme and len(scheme.group()) <= SHORT:
        return scheme.group()
    return text if len(text) <= SHORT and _WORD.fullmatch(text) else ""
