"""The imports of one source file, with what stands around each of them.

Nothing is imported or executed: the text is parsed, and its tree is walked once.

What the guard says:

- A class body, a decorator, a default value run where they stand; the body of a function or lambda
  runs later, so a `try` around its definition does not protect it.
- `try` counts only where the first handler that catches ImportError copes: one that always raises
  or exits is no help. The import in such a handler is the alternative, and is needed as much as
  its surroundings say. In the `else` part, what the body imported is known to be there.
- `if find_spec("x"):`, or a flag set by one or beside a guarded import, covers imports of x alone.
- `if TYPE_CHECKING:` and `if False:` never run, nor do branches of another version of Python where
  the interpreter's is known. Other conditions on the version or platform may all hold.
- What stands under a question about a GPU is marked, and so is what comes after one that ends the
  function: a run without a GPU is no answer to it.
- never > try > main > function > module, where several apply.

`from x import *` has the symbol "*". `from a import b, c` is two sites, both on its first line.
A relative import that leaves the top-level package is a blind spot: it cannot work as it stands.
"""

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pruner.analysis.callers import UNKNOWN, Mentions
from pruner.analysis.installed import Source, Use
from pruner.model import Ask, Guard, ImportSite, Unreadable
from pruner.static import asks, dynamic
from pruner.static.bindings import Function, Scope
from pruner.static.conditions import ABOUT_GPU, ABOUT_PLATFORM, Conditions, Version
from pruner.static.coping import needed
from pruner.static.mentions import lines, mentions
from pruner.static.names import Aliases, Origin
from pruner.static.place import Place
from pruner.static.strings import Reader, budget
from pruner.static.texts import texts
from pruner.static.unparsed import import_statements
from pruner.static.unread import explain
from pruner.static.uses import located, uses
from pruner.static.values import BlindSpot, Scan

_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")  # where statements hold statements
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop)
_Todo = list[tuple[ast.AST, Place]]


def import_sites(
    text: str | bytes, path: str, module: str, *, is_package: bool
) -> tuple[ImportSite, ...]:
    """Return the imports of a source text, by line. A text that does not parse gives none.

    `scan` says why it does not parse, and what else could be found.
    """
    result = scan(text, path, module, is_package=is_package)
    return result.sites if isinstance(result, Scan) else ()


def scan(
    text: str | bytes,
    path: str,
    module: str,
    *,
    is_package: bool,
    strings: bool = False,
    python: Version = (),
) -> Scan | Unreadable:
    """Return everything that is found in a source text, or why it cannot be read.

    Bytes are decoded as Python does, by their mark or cookie. Nothing is raised. Where `python` is
    given, branches of its other versions never run. Of a text that cannot be parsed the import
    statements are read. First-party texts are read with `strings`: what their strings name is
    looked for, what they use of modules, what they mention at all, and whether what they try to
    import is needed (see `coping`). In others an argument of any call counts that names a module of
    their own package.
    """
    walk = _begun(text, Origin(path, module, is_package), python, own=not strings)
    if isinstance(walk, Unreadable):
        return walk
    found = msgspec.structs.replace(walk.run(), unread=walk.unread)
    if not strings:
        return found
    tree = walk.tree
    sites = tuple(_needed(found.sites, needed(tree)))
    computed = mentions(tree).computed if walk.unread is None else frozenset({UNKNOWN})
    return msgspec.structs.replace(
        found,
        sites=sites,
        texts=texts(tree),
        uses=uses(tree, walk.aliases, sites),
        names=lines(tree),
        computed=computed,
    )


def located_uses(text: bytes, source: Source, python: Version = ()) -> tuple[Use, ...]:
    """Return what an installed file reads off modules; nothing where it cannot be parsed."""
    walk = _begun(text, Origin(source.path, source.module, source.is_package), python)
    return (
        () if isinstance(walk, Unreadable) else located(walk.tree, walk.aliases, walk.run().sites)
    )


def named(text: bytes, source: Source, python: Version = ()) -> Mentions | None:
    """Return what an installed file mentions, None where it cannot be parsed."""
    walk = _begun(text, Origin(source.path, source.module, source.is_package), python)
    return None if isinstance(walk, Unreadable) or walk.unread else mentions(walk.tree)


def _begun(
    text: str | bytes, origin: Origin, python: Version, *, own: bool = False
) -> "_Walk | Unreadable":
    source = text.removeprefix("\ufeff") if isinstance(text, str) else text
    raw = source.encode(errors="replace") if isinstance(source, str) else source
    unread = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the author's affair
            tree = ast.parse(source)
    except SyntaxError as error:
        unread = explain(error, source, origin.path)
        statements = "" if b"\0" in raw else import_statements(raw)
        if not statements:
            return unread
        tree = ast.parse(statements)
    except (ValueError, RecursionError, MemoryError) as error:
        return explain(error, source, origin.path)
    return _Walk(origin, tree, python, raw, unread, own=own)


def _needed(sites: Iterable[ImportSite], lines: frozenset[int]) -> Iterator[ImportSite]:
    """Yield the sites; those on the lines cope no more."""
    for site in sites:
        if site.guard is Guard.TRY and site.line in lines:
            guard = Guard.FUNCTION if site.deferred else Guard.MODULE
            yield msgspec.structs.replace(site, guard=guard)
        else:
            yield site


class _Walk:
    """One pass over one tree; the stack is explicit, so deep nesting is no danger."""

    def __init__(
        self,
        origin: Origin,
        tree: ast.Module,
        python: Version,
        raw: bytes,
        unread: Unreadable | None,
        *,
        own: bool,
    ) -> None:
        self._origin = origin
        self.tree = tree
        self.unread = unread
        self._own = own and dynamic.names_own(raw, origin.module.partition(".")[0])
        self._calls = self._own or bool(dynamic.WORDS.search(raw))
        self._scope = Scope(tree)
        self.aliases = Aliases()
        self._conditions = Conditions(
            self.aliases,
            origin,
            python,
            platforms=bool(ABOUT_PLATFORM.search(raw)),
            gpus=bool(ABOUT_GPU.search(raw)),
        )
        self._sites: list[ImportSite] = []
        self._blind: list[BlindSpot] = []
        self._exports: list[str] = []
        self._asks: list[Ask] = []

    def run(self) -> Scan:
        todo: _Todo = [(self.tree, Place())]
        while todo:
            node, place = todo.pop()
            todo.extend(reversed(self._visit(node, place)))
        return Scan(
            sites=tuple(dict.fromkeys(sorted(self._sites, key=lambda site: site.line))),
            blind=tuple(sorted(self._blind, key=lambda spot: spot.line)),
            exports=tuple(self._exports),
            asks=tuple(dict.fromkeys(self._asks)),
            script=self._conditions.script,
        )

    def _visit(self, node: ast.AST, place: Place) -> _Todo:
        """Record what the node itself imports; return what is in it, in the text's order."""
        match node:
            case ast.Import():
                self._import(node, place)
                return []
            case ast.ImportFrom():
                self._import_from(node, place)
                return []
            case ast.If() | ast.While() | ast.IfExp():
                return self._conditional(node, place)
            case ast.Try() | ast.TryStar():
                return self._try(node, place)
            case ast.With() | ast.AsyncWith():
                tried = place.tried or any(map(self._conditions.suppresses, node.items))
                inside = place._replace(tried=tried)
                return [*self._all(node.items, place), *self._all(node.body, inside)]
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._function(node, place)
            case ast.Assign():
                self._assign(node)
            case ast.Call():
                self._call(node, place)
            case ast.List() | ast.Tuple():
                self._ask(asks.started(node, self._reader(place), self.aliases), node, place)
        return self._within(node, place)

    def _within(self, node: ast.AST, place: Place) -> _Todo:
        if self._calls:
            inner = ast.iter_child_nodes(node)
            return [(each, place) for each in inner if not isinstance(each, _LEAVES)]
        blocks = (getattr(node, name, None) for name in _BLOCKS)
        return [(each, place) for block in blocks if isinstance(block, list) for each in block]

    def _all(self, nodes: Iterable[ast.AST], place: Place) -> _Todo:
        """Return the nodes worth a visit: expressions only where the file has dynamic imports."""
        if self._calls:
            return [(node, place) for node in nodes]
        return [
            (node, place) for node in nodes if not isinstance(node, ast.expr | ast.expr_context)
        ]

    def _conditional(self, node: ast.If | ast.While | ast.IfExp, place: Place) -> _Todo:
        held, failed = (fact.add_to(place) for fact in self._conditions.facts(node.test))
        body, other = (
            part if isinstance(part, list) else [part] for part in (node.body, node.orelse)
        )
        return [
            *self._all([node.test], place),
            *self._all(body, held),
            *self._all(other, failed),
        ]

    def _try(self, node: ast.Try | ast.TryStar, place: Place) -> _Todo:
        lacking = place.lacking or self._conditions.lacks(node)
        body, other, handled = place._replace(lacking=lacking), place, place
        if self._conditions.copes(node):
            body = body._replace(tried=True)
            handled = place._replace(instead=_only_module(node.body) or place.instead)
            there = self._conditions.tried(node)
            other = place._replace(probed=place.probed | there)
        return [
            *self._all(node.body, body),
            *self._all(node.handlers, handled),
            *self._all(node.orelse, other),
            *self._all(node.finalbody, place),
        ]

    def _function(self, node: Function, place: Place) -> _Todo:
        inside = place.in_function(Scope(node))
        if isinstance(node, ast.Lambda):
            return [*self._all([node.args], place), *self._all([node.body], inside)]
        outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        return [*self._all(outside, place), *self._body(node.body, inside)]

    def _body(self, body: Iterable[ast.stmt], place: Place) -> _Todo:
        """Return the statements of a function: those that are left out without a GPU are marked."""
        found: _Todo = []
        for statement in body:
            found += self._all([statement], place)
            if self._conditions.needs_gpu(statement):
                place = place._replace(gpu=True)
        return found

    def _assign(self, node: ast.Assign) -> None:
        self._conditions.assigned(node)
        match node.targets:
            case [ast.Name(id="__all__")] if isinstance(node.value, ast.List | ast.Tuple):
                self._exports.extend(_texts(node.value.elts))
            case [ast.Name(id=name)] if self.aliases.full(node.value) in dynamic.IMPORTERS:
                self.aliases[name] = self.aliases.full(node.value)
            case _:
                pass

    def _import(self, node: ast.Import, place: Place) -> None:
        self.aliases.imported(node)
        for alias in node.names:
            self._site(node, place, alias.name)

    def _import_from(self, node: ast.ImportFrom, place: Place) -> None:
        self.aliases.imported_from(node)
        module = self._origin.absolute(node.module or "", node.level)
        if module is None:
            self._lose(node, dynamic.BEYOND)
            return
        for alias in node.names:
            self._site(node, place, module, alias.name)

    def _call(self, node: ast.Call, place: Place) -> None:
        reader = self._reader(place)
        full = self.aliases.full(node.func)
        if full in dynamic.LOOK_THROUGH:
            self._look_through(node)
        self._ask(asks.asked(full, node, reader, self.aliases), node, place)
        call = dynamic.Call(node, reader, self._origin)
        found = dynamic.found(full, call)
        if found is None:
            if self._own:
                # When it is imported is the function's affair: not where the call stands.
                self._later(node, dynamic.own(full, call), place._replace(deferred=True))
            return
        for module, symbol in found.targets:
            self._site(node, place, module, symbol, dynamic=True)
        if found.blind:
            self._lose(node, found.blind, found.prefix)

    def _later(self, node: ast.Call, found: dynamic.Found, place: Place) -> None:
        for module, symbol in found.targets:
            self._site(node, place, module, symbol, dynamic=True)

    def _look_through(self, node: ast.Call) -> None:
        """Note `iter_modules(pkg.__path__)`: any module of pkg may be imported."""
        for each in (*node.args, *(word.value for word in node.keywords)):
            match each:
                case ast.Attribute(value=held, attr="__path__"):
                    self._lose(node, dynamic.FOLDER, f"{self.aliases.full(held)}.")
                case ast.Name(id="__path__"):
                    self._lose(node, dynamic.FOLDER, f"{self._origin.package}.")
                case _:
                    pass

    def _reader(self, place: Place) -> Reader:
        known = {"__name__": self._origin.module, "__package__": self._origin.package}
        return Reader((self._scope, *place.scopes), known, budget())

    def _ask(self, asked: asks.Asked, node: ast.expr, place: Place) -> None:
        """Record what a call asks for; a child's interpreter may have what this one lacks."""
        child = place._replace(platform=True)
        for module in asked.modules:
            self._site(node, child, module, "__main__", dynamic=True)
        for code in asked.code:
            for site in import_sites(code, self._origin.path, "__main__", is_package=False):
                if not site.guard.copes:
                    self._site(node, child, site.module, site.symbol, dynamic=True)
        for kind, names in (("metadata", asked.distributions), ("script", asked.programs)):
            for name in names:
                guard = Guard.TRY if kind == "metadata" and place.lacking else place.guard(name)
                self._asks.append(Ask(kind=kind, what=name, line=node.lineno, guard=guard))

    def _site(
        self,
        node: ast.stmt | ast.expr,
        place: Place,
        module: str,
        symbol: str | None = None,
        *,
        dynamic: bool = False,
    ) -> None:
        self._sites.append(
            ImportSite(
                file=self._origin.path,
                line=node.lineno,
                module=module,
                symbol=symbol,
                guard=place.guard(module),
                dynamic=dynamic,
                platform=place.platform,
                deferred=place.deferred,
                instead=place.instead,
                gpu=place.gpu,
            )
        )

    def _lose(self, node: ast.stmt | ast.expr, why: str, prefix: str = "") -> None:
        spot = BlindSpot(file=self._origin.path, line=node.lineno, why=why, prefix=prefix)
        self._blind.append(spot)


def _only_module(body: Sequence[ast.stmt]) -> str:
    """Return the module that a body imports as a whole, where it does nothing else."""
    match body:
        case [ast.Import(names=[alias])]:
            return alias.name
        case _:
            return ""


def _texts(parts: Sequence[ast.expr]) -> list[str]:
    values = (part.value for part in parts if isinstance(part, ast.Constant))
    return [value for value in values if isinstance(value, str)]
