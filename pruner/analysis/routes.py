"""The way from an entrypoint to a line, as traces saw it; where none did, as the text has it."""

from collections import deque
from collections.abc import Iterable

from pruner.analysis.chains import Chains, path_of
from pruner.analysis.spelling import Spelling
from pruner.model import SourceTree, Trace


class Routes:
    """Ways to lines and files, spelled as people know them."""

    def __init__(
        self,
        traces: Iterable[Trace],
        tree: SourceTree,
        entries: Iterable[str],
        spelling: Spelling,
    ) -> None:
        self._chains = Chains(item for trace in traces for item in trace.loaded)
        self._tree = tree
        self._entries = frozenset(entries)
        self._spelling = spelling
        own = {item.file: spelling.own(item.file) for trace in traces for item in trace.loaded}
        self._ran = {path: file for file, path in own.items() if path is not None}
        self._asked: dict[str, list[tuple[str, int]]] | None = None

    def to_file(self, file: str) -> tuple[str, ...]:
        """Return the lines that led to a file of any kind; it is named as a trace names it."""
        return self._spelling.chain(self._chains.to_file(file))

    def to_line(self, by: str) -> tuple[str, ...]:
        """Return the lines that led to a line of any file, itself included."""
        path = path_of(by)
        if path in self._tree.files:
            if path in self._ran:
                return (*self.to_file(self._ran[path]), by)
            return (*self._written(path), by)
        return self._spelling.chain(self._chains.to_line(by))

    def _written(self, path: str) -> tuple[str, ...]:
        """Return the import statements from what ran, or from an entrypoint, to a file."""
        found: dict[str, tuple[str, ...]] = {path: ()}
        todo = deque([path])
        while todo:
            here = todo.popleft()
            if here in self._ran:
                return (*self.to_file(self._ran[here]), *found[here])
            if here in self._entries:
                return found[here]
            for other, line in self._importers().get(here, ()):
                if other not in found:
                    found[other] = (f"{other}:{line}", *found[here])
                    todo.append(other)
        return ()

    def _importers(self) -> dict[str, list[tuple[str, int]]]:
        """Return, for each first-party file, who imports it and in which line."""
        if self._asked is None:
            self._asked = {}
            modules = {file.module: path for path, file in self._tree.files.items()}
            for path, targets in self._tree.edges.items():
                for target in targets:
                    line = self._line(path, target, modules)
                    self._asked.setdefault(target, []).append((path, line))
        return self._asked

    def _line(self, path: str, target: str, modules: dict[str, str]) -> int:
        for site in self._tree.files[path].sites:
            longer = f"{site.module}.{site.symbol}" if site.symbol else site.module
            if target in {modules.get(site.module), modules.get(longer)}:
                return site.line
        return 1
