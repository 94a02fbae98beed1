"""The strings of a source text that may name a distribution: a parser, a driver, a backend."""

import ast
import re
from collections.abc import Iterable

SHORT = 80
_LOGGERS = {"getLogger", "get_logger"}
_WORD = re.compile(r"[^\W\d][\w.-]*(?::[^\W\d][\w.]*|(?:/[\w.-]+)+)?")
_PATH = re.compile(r"[\w.-]{1,80}(?:/[\w.-]{1,80}){1,9}")
_SCHEME = re.compile(r"[a-z][a-z0-9.-]*(?:\+[a-z][a-z0-9_.-]*)?(?=://|\Z)")


def texts(tree: ast.Module) -> dict[str, int]:
    """Return the words, paths and schemes of URLs among the strings, with their first lines.

    A word, or a path of words, has at most SHORT characters. Of "postgresql+asyncpg://db/x" the
    part before `://` is returned. Strings that are statements, as docstrings are, say nothing to
    the program. Names of loggers look like modules and are left out: nothing is imported for them.
    Texts that stand beside each other in a call, or around `/`, are a path as well.
    """
    silent = {id(each) for node in ast.walk(tree) for each in _silent(node)}
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        path = "/".join(_beside(node))
        if "/" in path and _PATH.fullmatch(path):
            found[path] = min(_line(node), found.get(path, _line(node)))
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


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _beside(node: ast.AST) -> list[str]:
    """Return the last texts of `join(folder, "a", "b")`, or of `folder / "a" / "b"`."""
    parts: list[ast.expr] = list(node.args) if isinstance(node, ast.Call) else []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        parts.insert(0, node.right)
        node = node.left
    found: list[str] = []
    for part in reversed(parts):
        if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
            break
        found.insert(0, part.value)
    return found


def named(text: str) -> str:
    """Return the word or the scheme that a text is or begins with, "" where it is neither."""
    scheme = _SCHEME.match(text) if "+" in text[:SHORT] or "://" in text[:SHORT] else None
    if scheme and len(scheme.group()) <= SHORT:
        return scheme.group()
    return text if len(text) <= SHORT and _WORD.fullmatch(text) else ""
