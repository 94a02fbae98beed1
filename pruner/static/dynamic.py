"""Imports by a call: `import_module("a.b")` and its relatives."""

import ast
import re
from collections.abc import Callable
from typing import NamedTuple

from pruner.static import asks
from pruner.static.names import Origin, relative
from pruner.static.strings import Reader, Strings

Target = tuple[str, str | None]  # module, symbol

# A file that holds none of these words has no such call: its expressions are not walked.
WORDS = re.compile(
    rb"\b(?:import_module|__import__|run_module|resolve_name|import_string|pydoc|get_data"
    rb"|importlib.*\b(?:resources|metadata)|iter_modules|walk_packages|importlib_(?:resources|metadata)|pkg_resources|"
    + asks.WORDS
    + rb")\b"
)
# Parts are not held to be identifiers: import_module("my-plugin") works.
_PART = r"[^\s./\\\0:]+"
_NAME = re.compile(rf"{_PART}(\.{_PART})*")
_MAYBE_RELATIVE = re.compile(rf"\.*{_NAME.pattern}")


class Found(NamedTuple):
    """What a call imports; `blind` says why there may be more, with the prefix that is known."""

    targets: tuple[Target, ...] = ()
    blind: str | None = None
    prefix: str = ""


class Call(NamedTuple):
    """A call, and what is needed to read it."""

    node: ast.Call
    reader: Reader
    origin: Origin

    def argument(self, index: int, name: str) -> ast.expr | None:
        """Return an argument by position or name."""
        if index < len(self.node.args):
            return self.node.args[index]
        return next((word.value for word in self.node.keywords if word.arg == name), None)


LOOK_THROUGH = frozenset({"pkgutil.iter_modules", "pkgutil.walk_packages"})
FOLDER = "whatever lies in the folder may be imported"
_UNREAD = "the name is not in the text"
_LABELS = frozenset({"getLogger", "get_logger", "getChild"})  # what they are given is only a name
BEYOND = "where the dots lead is not known"


def found(full: str, call: Call) -> Found | None:
    """Return what the call imports, or None where the function called imports nothing.

    `full` is the dotted name of the function, aliases resolved.
    """
    reader = _READERS.get(full)
    return reader(call) if reader else None


def names_own(raw: bytes, package: str) -> bool:
    """Return whether a text has a string that may be the name of a module of this package's."""
    return re.search(rb"[\"']%s\.[\w.:]+[\"']" % re.escape(package.encode()), raw) is not None


def own(full: str, call: Call) -> Found:
    """Return what strings among the arguments of any call name of the caller's own package.

    Libraries have functions of their own to import by name: lazy_call("boto3.s3.inject.x").
    """
    package = call.origin.module.partition(".")[0]
    if full.rpartition(".")[2] in _LABELS:
        return Found()
    given = (*call.node.args, *(word.value for word in call.node.keywords))
    texts = (part.value for part in given if isinstance(part, ast.Constant))
    names = [text for text in texts if isinstance(text, str) and text.startswith(f"{package}.")]
    return Found(tuple(filter(None, map(_named_symbol, names))))


def _import_module(call: Call) -> Found:
    names = call.reader.read(call.argument(0, "name"))
    read = call.reader.read(call.argument(1, "package")).values
    packages = tuple(filter(_NAME.fullmatch, read))
    return _named(names, _leading(call, "name"), packages)


def _named(names: Strings, prefix: str, packages: tuple[str, ...]) -> Found:
    targets: list[Target] = []
    why = None if names.complete else _UNREAD
    for name in filter(_MAYBE_RELATIVE.fullmatch, names.values):
        full = _absolute(name, packages)
        why = why if full else BEYOND
        targets.extend((each, None) for each in full)
    known = "" if names.complete else next(iter(_absolute(prefix, packages)), "")
    return Found(tuple(targets), why, known)


def _absolute(name: str, packages: tuple[str, ...]) -> list[str]:
    bare = name.lstrip(".")
    level = len(name) - len(bare)
    if not level:
        return [name]
    full = (relative(package, bare, level) for package in packages)
    return [f"{each}." if each and not bare else each for each in full if each]


def _builtin_import(call: Call) -> Found:
    depth = _level(call.argument(4, "level"))
    if depth is None:
        return Found(blind="the level is not in the text")
    names = call.reader.read(call.argument(0, "name"))
    symbols = _fromlist(call.argument(3, "fromlist"), call.reader) or (None,)
    full = [call.origin.absolute(name, depth) for name in names.values if _NAME.fullmatch(name)]
    targets = tuple((name, symbol) for name in full if name for symbol in symbols)
    if None in full:
        return Found(targets, BEYOND)
    prefix = "" if names.complete or depth else _leading(call, "name")
    return Found(targets, None if names.complete else _UNREAD, prefix)


def _level(expr: ast.expr | None) -> int | None:
    match expr:
        case None:
            return 0
        case ast.Constant(value=int(level)):
            return level
        case _:
            return None


def _leading(call: Call, word: str) -> str:
    name = call.argument(0, word)
    return call.reader.leading(name) if name is not None else ""


def _fromlist(expr: ast.expr | None, reader: Reader) -> tuple[str | None, ...]:
    if not isinstance(expr, ast.List | ast.Tuple):
        return ()
    return tuple(value for part in expr.elts for value in reader.read(part).values)


def _run_module(call: Call) -> Found:
    names = call.reader.read(call.argument(0, "mod_name"))
    targets = ((name, "__main__") for name in names.values if _NAME.fullmatch(name))
    return Found(tuple(targets), None if names.complete else _UNREAD, _leading(call, "mod_name"))


def _symbol(call: Call) -> Found:
    """Read `a.b:c` or `a.b.c`: whether `c` is a module or an attribute, only running tells."""
    names = call.reader.read(call.node.args[0] if call.node.args else None)
    targets = tuple(filter(None, map(_named_symbol, names.values)))
    return Found(targets, None if names.complete else _UNREAD)


def _named_symbol(value: str) -> Target | None:
    module, colon, attribute = value.partition(":")
    if not colon:
        module, _, attribute = value.rpartition(".")
    module, symbol = (module, attribute) if module else (attribute, "")
    return (module, symbol.partition(".")[0] or None) if _NAME.fullmatch(module) else None


def _package(call: Call) -> Found:
    """Read the package whose data a call opens: that imports it. A module object is no import."""
    names = call.reader.read(call.node.args[0] if call.node.args else None)
    return Found(tuple((name, None) for name in names.values if _NAME.fullmatch(name)))


_READERS: dict[str, Callable[[Call], Found]] = {
    "importlib.import_module": _import_module,
    "__import__": _builtin_import,
    "builtins.__import__": _builtin_import,
    "importlib.__import__": _builtin_import,
    "runpy.run_module": _run_module,
    "pkgutil.resolve_name": _symbol,
    "pydoc.locate": _symbol,
    "django.utils.module_loading.import_string": _symbol,
    "werkzeug.utils.import_string": _symbol,
    "pkgutil.get_data": _package,
    **{
        f"{module}.{name}": _package
        for module in ("importlib.resources", "importlib_resources")
        for name in ("files", "path", "read_text", "read_binary", "open_text", "open_binary")
    },
    **{
        f"pkg_resources.resource_{name}": _package
        for name in ("filename", "stream", "string", "exists", "isdir", "listdir")
    },
}
IMPORTERS = frozenset(_READERS)
