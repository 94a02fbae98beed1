"""Dotted names: what a local name stands for, and what a relative import means."""

import ast
from typing import NamedTuple


class Origin(NamedTuple):
    """The file that is being read, and the name it is imported by."""

    path: str
    module: str
    is_package: bool

    @property
    def package(self) -> str:
        """What `__package__` is in this file."""
        return self.module if self.is_package else self.module.rpartition(".")[0]

    def absolute(self, name: str, level: int) -> str | None:
        """Return the absolute name of a relative one, or None where the dots leave the package."""
        return name if level == 0 else relative(self.package, name, level)


def relative(package: str, name: str, level: int) -> str | None:
    """Return what `from {dots}{name}` means in this package, or None beyond the top level."""
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join([*parts[: len(parts) + 1 - level], *([name] if name else [])])


def dotted(expr: ast.AST) -> str:
    """Return `a.b.c` as text, or "" for any other expression."""
    parts: list[str] = []
    while isinstance(expr, ast.Attribute):
        parts.append(expr.attr)
        expr = expr.value
    return ".".join([expr.id, *reversed(parts)]) if isinstance(expr, ast.Name) else ""


class Aliases(dict[str, str]):
    """Local names of imported things: `im` -> `importlib.import_module`."""

    def imported(self, node: ast.Import) -> None:
        """Remember the names that `import a.b as c` binds."""
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self[name] = alias.name if alias.asname else name

    def imported_from(self, node: ast.ImportFrom) -> None:
        """Remember the names that `from a import b as c` binds."""
        for alias in node.names:
            if node.module and node.level == 0:
                self[alias.asname or alias.name] = f"{node.module}.{alias.name}"

    def full(self, expr: ast.AST) -> str:
        """Return the dotted name of what the expression refers to, or ""."""
        first, dot, rest = dotted(expr).partition(".")
        return self.get(first, first) + dot + rest
