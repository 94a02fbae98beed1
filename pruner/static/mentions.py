"""The names that a source text mentions: what `pruner.analysis.callers` follows."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pruner.analysis.callers import OWN, UNKNOWN, Function, Mentions
from pruner.static.names import dotted

_REGISTERS = re.compile(
    r"regist|route|command|hook|handler|receive|listen|implements|overload|plugin|fixture|callback"
    r"|task|subscri|provide|export|entry|rule|impl$|^on_",
    re.IGNORECASE,
)
"""Words in the names of decorators that put a function where it is found by something else."""
_TABLES = frozenset({"globals", "locals", "vars"})
_GETTERS = frozenset({"attrgetter", "methodcaller"})
_RUNS = frozenset({"eval", "exec"})
_WORD = re.compile(r"[^\W\d]\w*")


def mentions(tree: ast.Module) -> Mentions:
    """Return what a module mentions; docstrings and `__all__` name nothing."""
    return _Reading(tree).result()


def lines(tree: ast.Module) -> dict[str, int]:
    """Return every name that a module mentions, what it imports included, and its first line."""
    found: dict[str, int] = {}
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        names = [*_names(node)]
        if isinstance(node, ast.ImportFrom):
            names += [alias.name for alias in node.names]
        for name in names:
            line = getattr(node, "lineno", 1)
            found[name] = min(line, found.get(name, line))
        todo.extend(ast.iter_child_nodes(node))
    return dict(sorted(found.items()))


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself mentions; an import does where it gives another name."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
            yield name
        case ast.Constant(value=str(text)):
            yield from _WORD.findall(text)
        case ast.Import() | ast.ImportFrom():
            yield from _renamed(node)


class _Found(NamedTuple):
    names: set[str]
    computed: set[str]


class _Reading:
    """One pass over a module."""

    def __init__(self, tree: ast.Module) -> None:
        self._modules: dict[str, str] = {}  # local names of modules -> the first part of theirs
        self._taken: set[str] = set()
        for node in ast.walk(tree):
            self._imported(node)
        self._functions: list[Function] = []
        self._rest = _Found(set(), set())
        self._block(tree.body)

    def result(self) -> Mentions:
        return Mentions(
            functions=tuple(self._functions),
            names=frozenset(self._rest.names),
            taken=frozenset(self._taken),
            computed=frozenset(self._rest.computed),
        )

    def _imported(self, node: ast.AST) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._modules[alias.asname or top] = top
            case ast.ImportFrom():
                self._taken.update(alias.name for alias in node.names)

    def _block(self, body: Iterable[ast.stmt]) -> None:
        """Read statements at the top of a module: functions apart, all else together."""
        for statement in body:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef() if self._is_apart(statement):
                    outside = [*statement.decorator_list, statement.args]
                    self._read(outside, self._rest)
                    inside = _Found(set(), self._rest.computed)
                    self._read(statement.body, inside)
                    self._functions.append(
                        Function(
                            name=statement.name,
                            first=statement.lineno,
                            last=statement.end_lineno or statement.lineno,
                            names=frozenset(inside.names),
                        )
                    )
                case ast.If() | ast.Try() | ast.TryStar() | ast.With():
                    self._branches(statement)
                case _ if _is_all(statement):
                    pass
                case _:
                    self._read([statement], self._rest)

    def _branches(self, statement: ast.If | ast.Try | ast.TryStar | ast.With) -> None:
        for name, value in ast.iter_fields(statement):
            if name in {"body", "orelse", "finalbody"}:
                self._block(value)
            elif name == "handlers":
                for handler in value:
                    self._read([handler.type] if handler.type else [], self._rest)
                    self._block(handler.body)
            else:
                values = value if isinstance(value, list) else [value]
                self._read([each for each in values if isinstance(each, ast.AST)], self._rest)

    def _is_apart(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Tell whether a function can only be called by its name."""
        hidden = node.name == "_" or (node.name.startswith("__") and node.name.endswith("__"))
        return not hidden and all(map(self._is_plain, node.decorator_list))

    def _is_plain(self, decorator: ast.expr) -> bool:
        """Tell whether a decorator leaves a function to its name: it puts it into no table."""
        name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
        first, dot, _ = name.partition(".")
        method = bool(dot) and first not in self._modules
        return bool(name) and not method and not _REGISTERS.search(name.rpartition(".")[2])

    def _read(self, nodes: Iterable[ast.AST], into: _Found) -> None:
        todo = list(nodes)
        while todo:
            node = todo.pop()
            match node:
                case ast.Expr(value=ast.Constant()):
                    continue
                case ast.Call():
                    into.computed.update(self._called(node))
                case ast.Subscript(slice=key) if not _is_text(key):
                    into.computed.update(self._table(node.value))
            into.names.update(_names(node))
            todo.extend(ast.iter_child_nodes(node))

    def _called(self, node: ast.Call) -> Iterator[str]:
        """Yield of what a call takes something by a name that the text does not have."""
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[held, key, *_]) if not _is_text(key):
                yield from self._held(held)
            case ast.Call(func=ast.Attribute(value=table, attr="get" | "pop"), args=[key, *_]):
                yield from () if _is_text(key) else self._table(table)
            case ast.Call(func=func, args=[key, *_]) if not _is_text(key):
                name = dotted(func).rpartition(".")[2]
                if name in _GETTERS or (isinstance(func, ast.Name) and name in _RUNS):
                    yield UNKNOWN

    def _table(self, node: ast.expr) -> Iterator[str]:
        """Yield whose attributes a table holds: `globals()`, `vars(module)`, `module.__dict__`."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=[]) if name in _TABLES:
                yield OWN
            case ast.Call(func=ast.Name(id="vars"), args=[held]):
                yield from self._held(held)
            case ast.Attribute(value=held, attr="__dict__"):
                yield from self._held(held)

    def _held(self, node: ast.expr) -> Iterator[str]:
        """Yield the module that an expression is, where the text tells; an own object is none."""
        first = dotted(node).partition(".")[0]
        if isinstance(node, ast.Subscript) and dotted(node.value) == "sys.modules":
            yield OWN if dotted(node.slice) == "__name__" else UNKNOWN
        elif first in self._modules:
            yield self._modules[first]
        elif first not in {"self", "cls"}:
            yield UNKNOWN


def _renamed(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield what an import gives another name: who mentions that means this."""
    for alias in node.names:
        if alias.asname not in {None, alias.name}:
            yield alias.name.rpartition(".")[2]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _is_all(node: ast.stmt) -> bool:
    """Tell whether a statement says what a module offers."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id="__all__")])
            | ast.AugAssign(target=ast.Name(id="__all__"))
        ):
            return True
        case ast.AnnAssign(target=ast.Name(id="__all__")):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")))):
            return True
    return False
