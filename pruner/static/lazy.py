"""Which part of a package has a name that it loads on demand: read from its tables.

{"EmailStr": (__package__, ".networks")}    {"EmailStr": ".networks"}    {"networks": ["EmailStr"]}
"""

import ast
import re
from collections.abc import Iterator

MOST = 20_000
"""Names of one package: transformers has 4,000."""

_MODULE = re.compile(r"\.?[^\W\d]\w*(\.[^\W\d]\w*)*")


def lazy_names(content: bytes, package: str) -> dict[str, str]:
    """Return name -> dotted module for every pair in the text that looks like it.

    Nothing says that there is such a module: that has to be looked up.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        for name, module in _pairs(node):
            if len(found) < MOST and name.isidentifier() and _MODULE.fullmatch(module):
                found.setdefault(name, _absolute(module, package))
    return found


def _pairs(node: ast.AST) -> Iterator[tuple[str, str]]:
    if not isinstance(node, ast.Dict):
        return
    for key, value in zip(node.keys, node.values, strict=True):
        match key, value:
            case ast.Constant(value=str(name)), ast.Constant(value=str(module)):
                yield name, module
            case ast.Constant(value=str(name)), ast.Tuple(elts=parts):
                texts = list(_texts(parts))
                yield from ((name, each) for each in texts if each.startswith("."))
                yield from ((name, each) for each in texts[:1])
            case ast.Constant(value=str(module)), ast.List(elts=parts) | ast.Set(elts=parts):
                yield from ((name, module) for name in _texts(parts))
            case _:
                pass


def _texts(parts: list[ast.expr]) -> Iterator[str]:
    values = (part.value for part in parts if isinstance(part, ast.Constant))
    return (value for value in values if isinstance(value, str))


def _absolute(module: str, package: str) -> str:
    if module.startswith("."):
        return package + module
    return module if module.startswith(f"{package}.") else f"{package}.{module}"
