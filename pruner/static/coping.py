"""Imports that only seem to cope: where nobody asks whether they worked.

`except ImportError: yaml = None` copes where something asks, as `if yaml is None` does. Where
nothing in the file does, and the name is used, the code needs what it tried to import.
"""

import ast
from collections.abc import Iterator

_CATCHES = {"AttributeError", "NameError", "TypeError", "Exception", "BaseException"}


def needed(tree: ast.Module) -> frozenset[int]:
    """Return the lines of imports in a `try` whose names are used and never asked about."""
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.TryStar)]
    maybe = {line: names for node in tries for line, names in _imports(node)}
    if not maybe:
        return frozenset()
    used, asked = _used(tree), _asked(tree)
    return frozenset(
        line for line, names in maybe.items() if used.issuperset(names) and asked.isdisjoint(names)
    )


def _imports(node: ast.Try | ast.TryStar) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield (line, names bound) of imports whose handlers only set these names to None.

    A handler or a body that does more leaves a sign by which other code may ask.
    """
    found: list[tuple[int, frozenset[str]]] = []
    for statement in node.body:
        match statement:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound = (each.asname or each.name.partition(".")[0] for each in names)
                found.append((statement.lineno, frozenset(bound)))
            case _:
                return
    every = frozenset(name for _, names in found for name in names)
    if not node.orelse and all(_only_none(handler.body, every) for handler in node.handlers):
        yield from found


def _only_none(body: list[ast.stmt], names: frozenset[str]) -> bool:
    """Tell whether statements do nothing but set some of these names to None."""
    for statement in body:
        match statement:
            case ast.Pass():
                pass
            case ast.Assign(targets=targets, value=ast.Constant(value=None)) if all(
                isinstance(each, ast.Name) and each.id in names for each in targets
            ):
                pass
            case _:
                return False
    return True


def _used(tree: ast.Module) -> frozenset[str]:
    """Return the names of which an attribute is taken, or that are called, outside of a `try`."""
    return frozenset(
        held.id
        for node in _untried(tree)
        for held in [_held(node)]
        if isinstance(held, ast.Name) and isinstance(held.ctx, ast.Load)
    )


def _held(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Attribute(value=held) | ast.Call(func=held):
            return held
        case _:
            return None


def _untried(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield every node but those in a `try` that catches what a missing name raises."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        inner = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Try | ast.TryStar) and any(map(_catches, node.handlers)):
            inner = [each for each in inner if each not in node.body]
        todo.extend(inner)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = (each for each in ast.walk(handler.type) if isinstance(each, ast.Name))
    return any(each.id in _CATCHES for each in names)


def _asked(tree: ast.Module) -> frozenset[str]:
    """Return the names that any condition, comparison or argument mentions by themselves."""
    return frozenset(
        each.id for node in ast.walk(tree) for test in _questions(node) for each in _alone(test)
    )


def _questions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If() | ast.While() | ast.IfExp() | ast.Assert():
            return [node.test]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.BoolOp(values=values) | ast.comprehension(ifs=values):
            return values
        case ast.Call(args=args, keywords=words):
            return [*args, *(word.value for word in words)]
        case (
            ast.UnaryOp(operand=ast.Name() as value)
            | ast.Match(subject=value)
            | ast.Return(value=ast.Name() as value)
            | ast.Assign(value=ast.Name() as value)
        ):
            return [value]
        case _:
            return []


def _alone(test: ast.expr) -> Iterator[ast.Name]:
    """Yield the names in a test of which no attribute is taken and that are not called."""
    todo: list[ast.AST] = [test]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            yield node
        elif not isinstance(_held(node), ast.Name):
            todo.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.Call):
            todo.extend([*node.args, *node.keywords])
