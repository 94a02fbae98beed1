"""What code uses of modules that it imports: `cv2.imshow` for `cv.imshow`."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from pruner.analysis.installed import Use
from pruner.model import Guard, ImportSite
from pruner.static.names import dotted


def uses(
    tree: ast.Module, aliases: Mapping[str, str], sites: Iterable[ImportSite]
) -> dict[str, int]:
    """Return the dotted names that are read off imported modules -> the first line.

    `aliases` are the local names of imported things. What `from a import b` takes is used as well.
    """
    found: dict[str, int] = {}
    for site in sites:
        if site.symbol not in {None, "*"}:
            found.setdefault(f"{site.module}.{site.symbol}", site.line)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, dot, rest = dotted(node).partition(".")
            if first in aliases:
                found.setdefault(aliases[first] + dot + rest, node.lineno)
    return dict(sorted(found.items()))


def located(
    tree: ast.Module, aliases: Mapping[str, str], sites: Iterable[ImportSite]
) -> tuple[Use, ...]:
    """Return what `uses` does, every time, and whether it runs whenever the file is loaded."""
    found = [
        Use(f"{site.module}.{site.symbol}", site.line, site.guard is Guard.MODULE)
        for site in sites
        if site.symbol not in {None, "*"} and not site.guard.copes
    ]
    for node, always in _placed(tree):
        first, dot, rest = dotted(node).partition(".")
        if dot and first in aliases:
            found.append(Use(aliases[first] + dot + rest, node.lineno, always))
    return tuple(dict.fromkeys(found))


def _placed(tree: ast.Module) -> Iterator[tuple[ast.Attribute, bool]]:
    """Yield what is read, but under `if __name__ == ...`, and whether nothing is asked before."""
    todo: list[tuple[ast.AST, bool]] = [(tree, True)]
    while todo:
        node, always = todo.pop()
        match node:
            case ast.Attribute():
                yield node, always
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                now = [*node.decorator_list, node.args]
                todo += [(each, always) for each in now] + [(each, False) for each in node.body]
                continue
            case _:
                always = always and not isinstance(node, _ASKS)
        todo += [(each, always) for each in ast.iter_child_nodes(node)]


_ASKS = (ast.If, ast.IfExp, ast.Try, ast.TryStar, ast.While, ast.Lambda, ast.BoolOp)
