"""Walking a build context as a builder does."""

import os
import stat
from pathlib import Path

from pruner.audit.values import Context
from pruner.config.files import read_text
from pruner.image.ignoring import Ignoring, Matched, patterns_of

MOST_FILES = 1_000_000
"""Files that are counted; what lies beyond is named as not counted."""
_OWN = "/.pruner/history.db"
"""The history, of which an audit writes itself: it must not find something else the next time."""


def read_context(root: Path, context: Path, dockerfile: Path | None) -> Context:
    """Return the files of a build context, and what its .dockerignore leaves out.

    BuildKit takes NAME.dockerignore beside the Dockerfile NAME before the one of the context. The
    Dockerfile itself and the .dockerignore are sent in any case, and copied by nothing.
    """
    file = _ignore_file(context, dockerfile)
    shown = os.path.relpath(file, root) if file else None
    text = read_text(file, str(shown)) if file else ""
    walk = _Walk(context, Ignoring(patterns_of(text)))
    walk.folder("", walk.ignoring.nothing)
    return Context(
        files=walk.files,
        ignored=frozenset(walk.ignored),
        ignore_file=shown,
        unread=tuple(walk.unread),
        bad=tuple(
            (number, line.strip())
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip() in walk.ignoring.bad
        ),
    )


def _ignore_file(context: Path, dockerfile: Path | None) -> Path | None:
    beside = dockerfile.with_name(f"{dockerfile.name}.dockerignore") if dockerfile else None
    for file in (beside, context / ".dockerignore"):
        if file is not None and file.is_file():
            return file
    return None


class _Walk:
    """One walk over a tree; links are never followed."""

    def __init__(self, root: Path, ignoring: Ignoring) -> None:
        self.root = root
        self.ignoring = ignoring
        self.files: dict[str, int] = {}
        self.ignored: set[str] = set()
        self.unread: list[str] = []

    def folder(self, path: str, above: Matched) -> None:
        """Take in what lies in a folder."""
        todo = [(path, above)]
        while todo:
            at, matched = todo.pop()
            try:
                entries = sorted(os.scandir(self.root / at), key=lambda entry: entry.name)
            except OSError:
                self.unread.append(at or ".")
                continue
            for entry in entries:
                found = self._entry(entry, f"{at}/{entry.name}" if at else entry.name, matched)
                todo += [found] if found else []

    def _entry(
        self, entry: "os.DirEntry[str]", path: str, above: Matched
    ) -> tuple[str, Matched] | None:
        """Take in one file; return a folder that has to be walked."""
        out, matched = self.ignoring.match(path, above)
        if out:
            self.ignored.add(path)
        if entry.is_dir(follow_symlinks=False):
            return None if out and not self.ignoring.excepts else (path, matched)
        if out or _OWN in f"/{path}":
            return None
        if len(self.files) >= MOST_FILES:
            if self.unread[-1:] != [f"what lies beyond {MOST_FILES} files"]:
                self.unread.append(f"what lies beyond {MOST_FILES} files")
            return None
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            self.unread.append(path)
            return None
        self.files[path] = status.st_size if stat.S_ISREG(status.st_mode) else 0
        return None
