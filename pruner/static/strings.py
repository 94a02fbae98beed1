"""The strings that an expression may give, as far as the text tells."""

import ast
from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from pruner.static.bindings import Scope, Source
from pruner.static.names import dotted

_DEEPEST = 12  # names that lead to names; a cycle ends here
_MOST = 256  # combinations of the parts of one name
_LOOKED_UP = {"os.environ.get", "os.getenv", "environ.get", "getenv"}


def budget() -> Iterator[int]:
    """Return the number of steps that reading one import may take: names can multiply."""
    return iter(range(5000))


class Strings(NamedTuple):
    """The values that can be read, and whether these are all."""

    values: tuple[str, ...] = ()
    complete: bool = False


NOTHING = Strings()
_EVERY = Strings(complete=True)


def union(parts: Iterable[Strings]) -> Strings:
    """Return what any of the parts may give."""
    parts = list(parts)
    values = dict.fromkeys(value for part in parts for value in part.values)
    return Strings(tuple(values)[:_MOST], all(part.complete for part in parts))


class Reader(NamedTuple):
    """Reads expressions at one place: `scopes` are the functions around it, the module first."""

    scopes: tuple[Scope, ...]
    known: dict[str, str]  # __name__ and __package__
    steps: Iterator[int]  # how many expressions may still be read
    depth: int = 0

    def read(self, expr: ast.expr | None) -> Strings:
        """Return the strings that the expression may give."""
        if expr is None or self.depth > _DEEPEST or next(self.steps, None) is None:
            return NOTHING
        deeper = Reader(self.scopes, self.known, self.steps, self.depth + 1)
        return deeper._of(expr)

    def leading(self, expr: ast.expr) -> str:
        """Return the text that every value of the expression begins with, as far as it is read."""
        parts = _added(expr)
        text = ""
        for part in parts:
            read = self.read(part)
            if not read.complete or len(read.values) != 1:
                return text
            text += read.values[0]
        return text

    def parts(self, expr: ast.expr) -> list[ast.expr] | None:
        """Return the elements of the list that an expression is, or None.

        Of `["a", b] + rest` the elements of the first list are returned.
        """
        literal = self._literal(expr)
        while isinstance(literal, ast.BinOp) and isinstance(literal.op, ast.Add):
            literal = self._literal(literal.left)
        return literal.elts if isinstance(literal, ast.List | ast.Tuple) else None

    def _of(self, expr: ast.expr) -> Strings:
        match expr:
            case ast.Constant(value=str(text)):
                return Strings((text,), complete=True)
            case ast.Name(id=name):
                return self._name(name)
            case ast.Subscript(value=holder, slice=key):
                return self._members(holder, key)
            case ast.Call():
                return self._call(expr)
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return self._joined(_added(expr))
            case _:
                return self._inside(expr)

    def _inside(self, expr: ast.expr) -> Strings:
        match expr:
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.read(value)
            case ast.IfExp(body=body, orelse=other):
                return union([self.read(body), self.read(other)])
            case ast.BoolOp(values=values):
                return union(map(self.read, values))
            case ast.NamedExpr(value=value):
                return self.read(value)
            case _:
                return NOTHING

    def _joined(self, parts: list[ast.expr]) -> Strings:
        read = [self.read(part) for part in parts]
        joined = ("".join(values) for values in product(*(part.values for part in read)))
        values = tuple(value for value, _ in zip(joined, range(_MOST), strict=False))
        return Strings(values, all(part.complete for part in read))

    def _sources(self, name: str) -> tuple[Source, ...]:
        for scope in reversed(self.scopes):
            if name in scope:
                return tuple(scope[name])
        return ()

    def _name(self, name: str) -> Strings:
        if name in self.known:
            return Strings((self.known[name],), complete=True)
        sources = self._sources(name)
        return union(map(self._bound, sources)) if sources else NOTHING

    def _bound(self, source: Source) -> Strings:
        if source.expr is None or self.depth > _DEEPEST:
            return NOTHING
        if not source.each:
            return self.read(source.expr) if source.part is None else NOTHING
        rows = self._rows(source.expr)
        if rows is None:
            return NOTHING
        return union(self.read(_part(row, source.part)) for row in rows)

    def _rows(self, expr: ast.expr) -> list[ast.expr] | None:
        """Return what a loop over this expression goes through, or None."""
        match expr:
            case ast.Call(func=ast.Attribute(value=held, attr="items" | "values" | "keys" as what)):
                literal = self._literal(held)
                return _of_dict(literal, what) if isinstance(literal, ast.Dict) else None
            case ast.Call(func=ast.Name(id="sorted" | "list" | "tuple" | "set"), args=[held, *_]):
                expr = held
        literal = self._literal(expr)
        match literal:
            case ast.Dict():
                return _of_dict(literal, "keys")
            case ast.List(elts=rows) | ast.Tuple(elts=rows) | ast.Set(elts=rows):
                return rows
            case _:
                return None

    def _literal(self, expr: ast.expr) -> ast.expr | None:
        """Return the literal that the expression is, or the only one that its name is bound to."""
        if not isinstance(expr, ast.Name):
            return expr
        match self._sources(expr.id):
            case (Source(expr=ast.expr() as bound, each=False, part=None),):
                return None if isinstance(bound, ast.Name) else bound
            case _:
                return None

    def _members(self, holder: ast.expr, key: ast.expr | None) -> Strings:
        match self._literal(holder), key:
            case ast.Dict(keys=keys, values=values), ast.Constant(value=wanted):
                same = [
                    value
                    for name, value in zip(keys, values, strict=True)
                    if isinstance(name, ast.Constant) and name.value == wanted
                ]
                return union(map(self.read, same or values))
            case ast.Dict(values=values), _:
                return union(map(self.read, values))
            case ((ast.List(elts=values) | ast.Tuple(elts=values)), _):
                return union(map(self.read, values))
            case _:
                return NOTHING

    def _call(self, call: ast.Call) -> Strings:
        match call.args:
            case [key, default]:
                other = self.read(default)
            case [key]:
                other = _EVERY
            case _:
                return NOTHING
        if dotted(call.func) in _LOOKED_UP:
            return Strings(other.values)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get":
            return union([self._members(call.func.value, key), other])
        return NOTHING


def _added(expr: ast.expr) -> list[ast.expr]:
    """Return the parts of an f-string or of `a + b + c`, in order."""
    if isinstance(expr, ast.JoinedStr):
        return expr.values
    parts: list[ast.expr] = []
    while isinstance(expr, ast.BinOp) and isinstance(expr.op, ast.Add):
        parts.append(expr.right)
        expr = expr.left
    return [expr, *reversed(parts)]


def _of_dict(literal: ast.Dict, what: str) -> list[ast.expr] | None:
    keys = [key for key in literal.keys if key is not None]
    if len(keys) != len(literal.keys):
        return None
    if what == "keys":
        return keys
    if what == "values":
        return literal.values
    pairs = zip(keys, literal.values, strict=True)
    return [ast.Tuple(elts=[key, value]) for key, value in pairs]


def _part(row: ast.expr, index: int | None) -> ast.expr | None:
    if index is None:
        return row
    match row:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if index < len(parts):
            return parts[index]
        case _:
            return None
