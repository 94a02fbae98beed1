"""Which expressions a name may stand for: every assignment, loop and default of one scope."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Source(NamedTuple):
    """One thing that a name was bound to.

    `expr` is None where it cannot be read: a parameter, an `except … as`, `+=`.
    `each` says that the name takes the elements of `expr` in turn, and `part` which part of each.
    """

    expr: ast.expr | None
    each: bool = False
    part: int | None = None


UNKNOWN = Source(None)


class Scope(Mapping[str, Sequence[Source]]):
    """The names bound in one module or function, found when the first of them is asked for."""

    def __init__(self, node: ast.Module | Function) -> None:
        self._node = node
        self._bound: dict[str, list[Source]] | None = None

    @property
    def bound(self) -> dict[str, list[Source]]:
        """What every name of this scope was bound to, in the order of the text."""
        if self._bound is None:
            self._bound = {}
            for name, source in _collect(self._node):
                self._bound.setdefault(name, []).append(source)
        return self._bound

    def __getitem__(self, name: str) -> Sequence[Source]:
        return self.bound[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.bound)

    def __len__(self) -> int:
        return len(self.bound)


def _collect(node: ast.Module | Function) -> Iterator[tuple[str, Source]]:
    if not isinstance(node, ast.Module):
        yield from _parameters(node.args)
    todo: list[ast.AST] = [*reversed(node.body)] if isinstance(node.body, list) else [node.body]
    while todo:
        inner = todo.pop()
        yield from _bound_by(inner)
        if not isinstance(inner, Function):
            todo.extend(reversed([*ast.iter_child_nodes(inner)]))


def _parameters(args: ast.arguments) -> Iterator[tuple[str, Source]]:
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [*args.defaults, *args.kw_defaults]
    for arg in (*plain, *args.kwonlyargs, args.vararg, args.kwarg):
        if arg is not None:
            yield arg.arg, UNKNOWN
    named = [*plain[len(plain) - len(args.defaults) :], *args.kwonlyargs]
    for arg, default in zip(named, defaults, strict=True):
        if default is not None:
            yield arg.arg, Source(default)


def _bound_by(node: ast.AST) -> Iterable[tuple[str, Source]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            return [pair for target in targets for pair in _targets(target, Source(value))]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return _targets(target, Source(value))
        case ast.NamedExpr(target=target, value=value):
            return _targets(target, Source(value))
        case ast.For(target=target, iter=each) | ast.AsyncFor(target=target, iter=each):
            return _targets(target, Source(each, each=True))
        case ast.comprehension(target=target, iter=each):
            return _targets(target, Source(each, each=True))
        case ast.AugAssign(target=target):
            return _targets(target, UNKNOWN)
        case ast.withitem(optional_vars=ast.expr() as target):
            return _targets(target, UNKNOWN)
        case _:
            return ()


def _targets(target: ast.expr, source: Source) -> list[tuple[str, Source]]:
    match target:
        case ast.Name(id=name):
            return [(name, source)]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [
                (name.id, source._replace(part=index) if source.expr is not None else UNKNOWN)
                for index, name in enumerate(parts)
                if isinstance(name, ast.Name)
            ]
        case _:
            return []
