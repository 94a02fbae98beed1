"""What a COPY of the context copies in the new Dockerfile: no more of it than the image needs."""

import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pruner.image.instructions import Instruction
from pruner.image.minimal.carried import copy_line
from pruner.image.minimal.original import Original
from pruner.image.minimal.tree import inside, is_wild, narrowed, relative

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
_LISTS = (".txt", ".in", ".toml", ".lock")
_VERBATIM = frozenset(["parents", "exclude"])
_MOST_NAMED = 10


class _Source(NamedTuple):
    path: str  # below the context
    to: str


class Copying:
    """Writes the lines of one last stage; what it copies and leaves out is kept count of.

    `installed` are the requirement files that the stage installs from, as its paths.
    """

    def __init__(self, original: Original, installed: frozenset[str]) -> None:
        self._original = original
        self._context = original.context
        self._installed = installed
        self._left: list[str] = []
        self._absent: list[str] = []
        self.copied: list[str] = []  # paths from the root of the project
        self.code: list[str] = []  # absolute paths below which first-party code lies

    def lines(
        self, item: Instruction, sources: Sequence[str], to: str, place: str
    ) -> Iterator[str]:
        """Yield the lines in the place of one COPY or ADD; `place` is `to` as an absolute path."""
        if _VERBATIM & {name for name, _ in item.flags}:
            self.code.append(place)
            yield self._line(item, [relative(source) for source in sources], to)
            return
        folder = to.endswith("/") or to in {".", "./"} or len(sources) > 1
        files: list[str] = []
        rows: list[_Source] = []
        for source in sources:
            path = relative(source)
            if path not in self._context and not is_wild(path):
                self._absent.append(source)
            elif self._is_for_installing(path, place, folder=folder):
                continue
            elif path in self._context.folders:
                rows += self._below(path, to)
            else:
                files += narrowed(self._context, path).kept
        self._note_code([*files, *(row.path for row in rows)], place)
        yield from self._written(item, files, rows, f"{to.rstrip('/')}/" if folder else to)

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say of the last COPY, and what to do where something is wrong."""
        for source in self._absent:
            what = f"{source} is copied, and is not in the build context: the original fails there"
            yield what, "correct the path, or make the file before this is built"
        if self._left:
            names = ", ".join(self._left[:_MOST_NAMED])
            more = len(self._left) - _MOST_NAMED
            rest = f" and {more} more" if more > 0 else ""
            count = len(self._left)
            yield f"no code names {count} of what is copied, left out: {names}{rest}", ""
        self._left, self._absent = [], []

    def _below(self, top: str, to: str) -> Iterator[_Source]:
        found = narrowed(self._context, top)
        self._left += found.left
        for path in found.kept:
            target = to if path == top else posixpath.join(to, posixpath.relpath(path, top or "."))
            folder = path in self._context.folders
            yield _Source(path, target if folder else f"{posixpath.dirname(target)}/")

    def _written(
        self, item: Instruction, files: list[str], rows: Sequence[_Source], to: str
    ) -> Iterator[str]:
        if files:
            yield self._line(item, files, to)
        together: dict[tuple[str, str], list[str]] = {}
        for row in rows:  # a folder's contents are copied: each has a line of its own
            own = row.path if row.path in self._context.folders else ""
            together.setdefault((row.to, own), []).append(row.path)
        for (target, _), group in together.items():
            yield self._line(item, group, target)

    def _line(self, item: Instruction, sources: Sequence[str], to: str) -> str:
        paths = [posixpath.join(self._original.folder, path).rstrip("/") or "." for path in sources]
        self.copied += paths
        archive = any(path.endswith(_ARCHIVES) for path in paths)
        return copy_line(item, paths, to, "ADD" if item.name == "ADD" and archive else "COPY")

    def _is_for_installing(self, path: str, place: str, *, folder: bool) -> bool:
        """Return whether a source is there for an installation, and the code does not name it."""
        if self._context.names(path) or not path:
            return False
        if path in self._context.folders:
            names = self._context.folders[path]
            below = any(inside(file, place) for file in self._installed)
            return below and bool(names) and all(name.endswith(_LISTS) for name in names)
        target = posixpath.join(place, posixpath.basename(path)) if folder else place
        return target in self._installed

    def _note_code(self, paths: Sequence[str], place: str) -> None:
        trees = self._context.sources
        if any(inside(path, tree) or inside(tree, path) for path in paths for tree in trees):
            self.code.append(place)
