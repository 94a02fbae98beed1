"""YAML of somebody else's, bounded: nodes with their lines, never objects.

PyYAML reads the nodes. What makes small files large is not done: an alias is the same node again,
and merge keys are joined name by name, each mapping once.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from pruner.config.mistakes import one_line
from pruner.errors import UsageError

MOST_CHARACTERS = 1 << 20
MOST_DEEP = 40

_MERGE = "tag:yaml.org,2002:merge"


class Node:
    """One place in a file; `line` is 1-based."""

    def __init__(self, node: Any, depth: int = 0, key: Any = None) -> None:  # noqa: ANN401  the library's own
        self._node = node
        self._depth = depth
        self.line: int = (key or node).start_mark.line + 1

    @property
    def text(self) -> str | None:
        """The scalar as it is written, None where this is none; what is left empty is ""."""
        return str(self._node.value) if isinstance(self._node, yaml.ScalarNode) else None

    @property
    def items(self) -> list["Node"]:
        """The entries of a list, none where this is no list."""
        if not isinstance(self._node, yaml.SequenceNode) or self._depth > MOST_DEEP:
            return []
        return [Node(item, self._depth + 1) for item in self._node.value]

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def table(self) -> dict[str, "Node"]:
        """The entries of a mapping by name, none where this is no mapping."""
        return dict(self._entries(self._node, 0, set()))

    def get(self, *path: str) -> "Node | None":
        """Return what a way of names leads to."""
        found: Node | None = self
        for name in path:
            found = found.table.get(name) if found is not None else None
        return found

    def _entries(self, node: Any, deep: int, seen: set[int]) -> Iterator[tuple[str, "Node"]]:  # noqa: ANN401
        if not isinstance(node, yaml.MappingNode) or deep > MOST_DEEP or id(node) in seen:
            return
        seen.add(id(node))
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        for key, value in node.value:
            if key.tag == _MERGE:
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for each in reversed(merged):
                    yield from self._entries(each, deep + 1, seen)
        for key, value in own:
            if isinstance(key, yaml.ScalarNode):
                yield str(key.value), Node(value, self._depth + 1, key)


def read_yaml(text: str, name: str) -> Node | None:
    """Return the only document of a text, None where it is empty; `name` is that of its file.

    Raises UsageError in one line, with the line of the mistake.
    """
    if len(text) > MOST_CHARACTERS:
        what = f"{name}: is larger than {MOST_CHARACTERS} characters"
        raise UsageError(what, hint="see whether it is the right file")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        what = error.problem or error.context or "cannot be read"
        raise UsageError(one_line(f"{where}: not YAML: {what}")) from None
    except yaml.YAMLError as error:
        raise UsageError(one_line(f"{name}: not YAML: {error}")) from None
    except RecursionError:
        raise UsageError(f"{name}: not YAML: nested too deeply") from None
    return None if node is None else Node(node)
