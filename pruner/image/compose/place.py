"""How what stands in a compose file is meant: its paths, its variables, its warnings."""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pruner.config.files import read_text
from pruner.config.mistakes import one_line
from pruner.errors import UsageError
from pruner.image.interpolation import interpolated, read_env
from pruner.image.yaml_nodes import Node


class Place(NamedTuple):
    """One file: paths in it are relative to `folder`, which like `file` is relative to the tree."""

    root: Path
    file: str
    folder: str
    variables: Mapping[str, str]
    warnings: list[str]

    def warn(self, line: int, what: str) -> None:
        """Say what is wrong with a line, or left out of it."""
        self.warnings.append(one_line(f"{self.file}:{line}: {what}"))

    def text(self, node: Node | None) -> str:
        """Return a scalar with its variables replaced; "" where there is none."""
        if node is None or node.text is None:
            return ""

        def unset(name: str) -> None:
            self.warn(node.line, f"{name} has no value; taken as empty")

        return interpolated(node.text, self.variables, unset).replace("\0", "")

    def texts(self, node: Node | None) -> list[str]:
        """Return the scalars of a list, or the only one."""
        return [self.text(item) for item in listed(node)]

    def path(self, name: str, line: int) -> str | None:
        """Return where a path leads in the tree; None, which is told, where it leads out of it."""
        path = posixpath.normpath(posixpath.join(self.folder, name))
        if is_remote(name):
            self.warn(line, f"{name} is not here; left out")
        elif path.startswith("..") or posixpath.isabs(path):
            self.warn(line, f"{name} lies outside the tree; left out")
        else:
            return path
        return None

    def env_file(self, name: str, line: int, *, needed: bool = True) -> dict[str, str]:
        """Return the variables of a file, {} without it; that is told where it is `needed`."""
        path = self.path(name, line)
        if path is None or (not needed and not (self.root / path).is_file()):
            return {}
        try:
            return read_env(read_text(self.root / path, path))
        except UsageError as error:
            self.warn(line, error.message)
            return {}


def listed(node: Node | None) -> list[Node]:
    """Return the entries of a list; what stands there alone is one."""
    if node is None:
        return []
    return node.items if node.is_list else [node]


def is_remote(name: str) -> bool:
    """Return whether a path of a compose file is one of another machine."""
    return "://" in name or name.startswith("git@")
