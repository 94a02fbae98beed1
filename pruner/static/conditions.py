"""What the conditions and handlers around an import say about its absence."""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from pruner.static.names import Aliases, Origin
from pruner.static.place import ANY, Place, top

_TYPING = {"typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING", "TYPE_CHECKING", "MYPY"}
_PLATFORM = {
    "sys.platform", "sys.version_info", "sys.implementation", "os.name", "platform.system",
    "platform.machine", "platform.python_version", "platform.python_implementation",
}  # fmt: skip
ABOUT_PLATFORM = re.compile(
    rb"platform|version_info|implementation|\bos\.name\b|\bfrom os import\b[^\n]*\bname\b"
)
# A file that holds none of these words asks nothing about the platform: its tests are not walked.
ABOUT_GPU = re.compile(
    rb"cuda|cudnn|gpu|nvidia|nvml|tensorrt|rocm|flash_?attn|(?<![a-z])hip(?![a-z])", re.IGNORECASE
)
# What questions about a GPU have in their words: torch.cuda.is_available(), device.type == "cuda",
# is_flash_attn_2_available(), "/dev/nvidiactl".
_CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_LACKS = _CATCHES | {"PackageNotFoundError", "DistributionNotFound"}
_FINDS = {"find_spec", "find_loader"}
_ENDS = {"sys.exit", "exit", "quit", "os._exit", "os.abort"}
_ORDER: dict[type[ast.cmpop], Callable[[tuple[object, ...], tuple[object, ...]], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_DEEPEST = 50  # `not not not …`


Version = tuple[int, ...]  # of the interpreter that would run the text; empty: not known


class Fact(NamedTuple):
    """What is known where a condition held."""

    never: bool = False
    main: bool = False
    probed: frozenset[str] = frozenset()
    platform: bool = False
    gpu: bool = False

    def add_to(self, place: Place) -> Place:
        """Return the place with this fact added."""
        return place._replace(
            never=place.never or self.never,
            main=place.main or self.main,
            probed=place.probed | self.probed,
            platform=place.platform or self.platform,
            gpu=place.gpu or self.gpu,
        )


NEUTRAL = Fact()
_NEVER = Fact(never=True)
_MAIN = Fact(main=True)
Both = tuple[Fact, Fact]  # where it holds, and where it does not


def _expressions(test: ast.expr) -> Iterator[ast.expr]:
    return (node for node in ast.walk(test) if isinstance(node, ast.Attribute | ast.Name))


class Conditions:
    """Reads conditions, and remembers the names that say whether something could be imported."""

    def __init__(
        self,
        aliases: Aliases,
        origin: Origin,
        python: Version = (),
        *,
        platforms: bool,
        gpus: bool,
    ) -> None:
        self._aliases = aliases
        self._python = python
        self._platforms = platforms
        self._gpus = gpus
        self._answers: set[str] = set()  # names that hold the answer to a question about a GPU
        self._origin = origin
        self._flags: dict[str, frozenset[str]] = {}
        self.script = False

    def facts(self, test: ast.expr) -> Both:
        """Return what is known where the test holds, and where it does not."""
        yes, no = self._facts(test, 0)
        if self._platforms and any(
            self._aliases.full(node) in _PLATFORM for node in _expressions(test)
        ):
            yes, no = yes._replace(platform=True), no._replace(platform=True)
        if self._gpus and self._about_gpu(test):
            yes, no = yes._replace(gpu=True), no._replace(gpu=True)
        return yes, no

    def needs_gpu(self, statement: ast.stmt) -> bool:
        """Tell whether what follows a statement may run only where there is a GPU."""
        match statement:
            case ast.Assert(test=test):
                return self._gpus and self._about_gpu(test)
            case ast.If(test=test, body=[*_, ast.Return() | ast.Raise()]):
                return self._gpus and self._about_gpu(test)
            case _:
                return False

    def _about_gpu(self, test: ast.expr) -> bool:
        """Tell whether a condition, or what a name in it was set to, speaks of a GPU."""
        return any(
            word in self._answers or ABOUT_GPU.search(word.encode(errors="replace"))
            for word in _words(test)
        )

    def _facts(self, test: ast.expr, depth: int) -> Both:
        if depth > _DEEPEST:
            return NEUTRAL, NEUTRAL
        match test:
            case ast.Constant(value=value):
                return (NEUTRAL, _NEVER) if value else (_NEVER, NEUTRAL)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yes, no = self._facts(operand, depth + 1)
                return no, yes
            case ast.BoolOp(op=op, values=values):
                return _joined(op, [self._facts(value, depth + 1) for value in values])
            case ast.NamedExpr(value=value) | ast.Call(func=ast.Name(id="bool"), args=[value]):
                return self._facts(value, depth + 1)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, op, right, depth)
            case _:
                return self._named(test)

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> Both:
        holds = self._version(left, op, right)
        if holds is not None:
            return (NEUTRAL, _NEVER) if holds else (_NEVER, NEUTRAL)
        for one, other in ((left, right), (right, left)):
            if not isinstance(other, ast.Constant):
                continue
            if isinstance(one, ast.Name) and one.id == "__name__" and other.value == "__main__":
                self.script = True
                return _flipped(op, (_MAIN, NEUTRAL))
            if other.value is None and not isinstance(one, ast.Constant):
                yes, no = self._facts(one, depth + 1)
                return _flipped(op, (no, yes))
        return NEUTRAL, NEUTRAL

    def _version(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
        """Return what `sys.version_info >= (3, 11)` gives; None where it is no such question."""
        end: int | None = None
        match left:
            case ast.Subscript(value=held, slice=ast.Slice(None, ast.Constant(int(most)), None)):
                left, end = held, most
            case _:
                pass
        if not self._python or self._aliases.full(left) != "sys.version_info":
            return None
        wanted = _numbers(right)
        if not wanted or len(wanted) > len(self._python) or type(op) not in _ORDER:
            return None
        return _ORDER[type(op)]((*self._python, "final", 0)[:end], wanted)

    def _named(self, test: ast.expr) -> Both:
        if isinstance(test, ast.Name) and test.id in self._flags:
            return Fact(probed=self._flags[test.id]), NEUTRAL
        if self._aliases.full(test) in _TYPING:
            return _NEVER, NEUTRAL
        if isinstance(test, ast.Call) and last(self._aliases.full(test.func)) in _FINDS:
            return Fact(probed=frozenset({_asked(test)})), NEUTRAL
        return NEUTRAL, NEUTRAL

    def assigned(self, node: ast.Assign) -> None:
        """Remember `HAS_X = find_spec("x") is not None`, and `fast = torch.cuda.is_available()`."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if self._gpus and self._asks_gpu(node):
                self._answers.add(name)
            case _:
                pass
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not isinstance(
                value, ast.Constant
            ):
                if probed := self.facts(value)[0].probed:
                    self._flags[name] = probed
            case _:
                pass

    def _asks_gpu(self, node: ast.Assign) -> bool:
        """Tell whether a value is the answer to a question about a GPU, and not just its name."""
        asks = isinstance(node.value, ast.Call | ast.Compare | ast.BoolOp | ast.UnaryOp)
        return asks and self._about_gpu(node.value)

    def tried(self, node: ast.Try | ast.TryStar) -> frozenset[str]:
        """Return what is known to be there after a `try` that copes, and remember its flags.

        A flag is a name set to a true constant beside the import, or to a false one in a handler.
        """
        tops = frozenset(self._tops(node.body))
        beside = _constants([*node.body, *node.orelse], truth=True)
        handled = (_constants(handler.body, truth=False) for handler in node.handlers)
        for name in {*beside, *(name for names in handled for name in names)}:
            self._flags[name] = tops
        return tops

    def _tops(self, body: Sequence[ast.stmt]) -> Iterator[str]:
        for statement in body:
            for node in ast.walk(statement):
                match node:
                    case ast.Import(names=names):
                        yield from (top(alias.name) for alias in names)
                    case ast.ImportFrom(module=module, level=level):
                        yield top(self._origin.absolute(module or "", level) or "")

    def copes(self, node: ast.Try | ast.TryStar) -> bool:
        """Whether the first handler that catches ImportError does more than end there."""
        return self._copes(node, _CATCHES)

    def lacks(self, node: ast.Try | ast.TryStar) -> bool:
        """Whether the same holds for what is raised where a distribution has no metadata."""
        return self._copes(node, _LACKS)

    def _copes(self, node: ast.Try | ast.TryStar, wanted: set[str]) -> bool:
        for handler in node.handlers:
            if handler.type is None or self._catches(handler.type, wanted):
                return not self._ends(handler.body)
        return False

    def suppresses(self, item: ast.withitem) -> bool:
        """Whether the item is `contextlib.suppress(ImportError)` or wider."""
        call = item.context_expr
        return (
            isinstance(call, ast.Call)
            and last(self._aliases.full(call.func)) == "suppress"
            and any(map(self._catches, call.args))
        )

    def _catches(self, caught: ast.expr, wanted: set[str] = _CATCHES) -> bool:
        names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
        return any(last(self._aliases.full(name)) in wanted for name in names)

    def _ends(self, body: Sequence[ast.stmt], depth: int = 0) -> bool:
        """Whether the statements always raise or end the process."""
        for statement in body:
            match statement:
                case ast.Raise():
                    return True
                case ast.Return() | ast.Break() | ast.Continue():
                    return False
                case ast.Expr(value=ast.Call(func=func)) if self._aliases.full(func) in _ENDS:
                    return True
                case ast.If(body=one, orelse=other) if depth < _DEEPEST:
                    if self._ends(one, depth + 1) and self._ends(other, depth + 1):
                        return True
                case ast.With(body=inner) if self._ends(inner, depth + 1):
                    return True
        return False


def _words(test: ast.expr) -> Iterator[str]:
    """Yield the names, attributes and texts of an expression."""
    for node in ast.walk(test):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.Constant(value=str(word)):
                yield word
            case _:
                pass


def last(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def _flipped(op: ast.cmpop, both: Both) -> Both:
    yes, no = both
    match op:
        case ast.Eq() | ast.Is():
            return yes, no
        case ast.NotEq() | ast.IsNot():
            return no, yes
        case _:
            return NEUTRAL, NEUTRAL


def _joined(op: ast.boolop, parts: Iterable[Both]) -> Both:
    yes, no = zip(*parts, strict=True)
    if isinstance(op, ast.And):
        return _all_of(yes), _any_of(no)
    return _any_of(yes), _all_of(no)


def _all_of(facts: Sequence[Fact]) -> Fact:
    return Fact(
        never=any(fact.never for fact in facts),
        main=any(fact.main for fact in facts),
        probed=frozenset().union(*(fact.probed for fact in facts)),
    )


def _any_of(facts: Sequence[Fact]) -> Fact:
    """Return what holds where at least one of the facts does: only what they share."""
    possible = [fact for fact in facts if not fact.never]
    if not possible:
        return _NEVER
    probed = frozenset.intersection(*(fact.probed for fact in possible))
    return Fact(main=all(fact.main for fact in possible), probed=probed)


def _asked(call: ast.Call) -> str:
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            return top(name)
        case _:
            return ANY


def _constants(body: Sequence[ast.stmt], *, truth: bool) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=ast.Constant(value=value)):
                if bool(value) is truth:
                    yield from (name.id for name in targets if isinstance(name, ast.Name))
            case _:
                pass


def _numbers(expr: ast.expr) -> tuple[int, ...]:
    """Return what a tuple of plain numbers holds, or nothing."""
    parts = expr.elts if isinstance(expr, ast.Tuple) else []
    values = [part.value for part in parts if isinstance(part, ast.Constant)]
    numbers = tuple(value for value in values if type(value) is int)
    return numbers if len(numbers) == len(parts) else ()
