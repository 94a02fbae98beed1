"""What code asks for by a call that is no import: a program to start, a distribution's metadata.

A child that runs Python says what it imports: `[sys.executable, "-m", "x"]`, or a line of code.
"""

import ast
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from pruner.static.commands import programs, starts
from pruner.static.names import Aliases
from pruner.static.strings import Reader

WORDS = (
    rb"subprocess|os\.(?:system|popen|exec|spawn)|create_subprocess|sys\.executable"
    rb"|shutil\b.*\bwhich"
)
PYTHON = "sys.executable"
_UNREAD = "\0"  # a word that the text does not tell
_MOST = 32  # command lines that one call may mean

_LISTS = frozenset(
    f"subprocess.{name}" for name in ("run", "Popen", "call", "check_call", "check_output")
)
_LINES = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
        "asyncio.subprocess.create_subprocess_shell",
    }
)
_SPREAD = frozenset(
    {
        "asyncio.create_subprocess_exec",
        "asyncio.subprocess.create_subprocess_exec",
        "os.execl",
        "os.execlp",
        "shutil.which",
    }
)
_SECOND = frozenset(f"os.exec{how}" for how in ("v", "ve", "vp", "vpe"))
_METADATA = frozenset(
    f"{module}.{name}"
    for module in ("importlib.metadata", "importlib_metadata")
    for name in ("version", "distribution", "metadata", "requires", "files")
) | frozenset(f"pkg_resources.{name}" for name in ("get_distribution", "require"))


class Asked(NamedTuple):
    """What one call asks for; `lines` are command lines, in which a word may be unknown.

    A distribution is "" where the text does not tell which one.
    """

    distributions: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that the command lines start, those that start others included."""
        return tuple(dict.fromkeys(name for line in self.lines for name in programs(line)))

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that a Python is told to run."""
        return self._started("module")

    @property
    def code(self) -> tuple[str, ...]:
        """The code that a Python is told to run."""
        return self._started("code")

    def _started(self, kind: str) -> tuple[str, ...]:
        found = (start for line in self.lines for start in starts(line))
        wanted = (start.what for start in found if start.kind == kind)
        return tuple(dict.fromkeys(what for what in wanted if _UNREAD not in what))


NOTHING = Asked()


def asked(full: str, node: ast.Call, reader: Reader, aliases: Aliases) -> Asked:
    """Return what a call asks for; `full` is the dotted name of the function, aliases resolved."""
    if full in _METADATA:
        names = reader.read(_first(node)).values
        return Asked(distributions=tuple(name for name in names if name) or ("",))
    lines = _lines(full, node, _Command(reader, aliases))
    return Asked(lines=tuple(lines)) if lines else NOTHING


def started(node: ast.List | ast.Tuple, reader: Reader, aliases: Aliases) -> Asked:
    """Return what a list of words starts, whoever it is given to, where it begins with Python's."""
    if not node.elts or aliases.full(node.elts[0]) != PYTHON:
        return NOTHING
    return Asked(lines=tuple(_Command(reader, aliases).words(node.elts)))


def _lines(full: str, node: ast.Call, command: "_Command") -> list[tuple[str, ...]]:
    if full in _LISTS:
        return command.either(_first(node) or _named(node, "args"))
    if full in _LINES:
        return command.line(_first(node) or _named(node, "cmd"))
    if full in _SPREAD:
        return command.words(node.args)
    if full in _SECOND:
        return command.either(node.args[1] if len(node.args) > 1 else None)
    return []


def _first(node: ast.Call) -> ast.expr | None:
    return node.args[0] if node.args else _named(node, "distribution_name")


def _named(node: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in node.keywords if word.arg == name), None)


class _Command(NamedTuple):
    """Reads command lines at one place."""

    reader: Reader
    aliases: Aliases

    def either(self, expr: ast.expr | None) -> list[tuple[str, ...]]:
        """Read a list of words; a text is a line for a shell, or the name of a program."""
        parts = None if expr is None else self.reader.parts(expr)
        return self.line(expr) if parts is None else self.words(parts)

    def line(self, expr: ast.expr | None) -> list[tuple[str, ...]]:
        """Read a line for a shell."""
        texts = [*self.reader.read(expr).values]
        if not texts and expr is not None:
            start = self.reader.leading(expr)  # the rest is not in the text: f"x -y {name}"
            texts = [start] if start.endswith(" ") else []
        return [("sh", "-c", text) for text in texts[:_MOST]]

    def words(self, parts: list[ast.expr]) -> list[tuple[str, ...]]:
        """Read words, each by itself."""
        found = product(*(tuple(self._word(part)) for part in parts))
        lines = [line for line, _ in zip(found, range(_MOST), strict=False)]
        return [line for line in lines if line and line[0] != _UNREAD]

    def _word(self, expr: ast.expr) -> Iterator[str]:
        if self.aliases.full(expr) == PYTHON:
            yield "python"
            return
        yield from self.reader.read(expr).values or (_UNREAD,)
