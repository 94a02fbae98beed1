"""First-party shell scripts: the programs that they start, and what a Python there imports.

A script counts where a string of first-party code or a command names it. Only words are read: no
variable is expanded, and nothing is run.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pruner.model import Ask, Guard, ImportSite, SourceFile, SourceTree
from pruner.static.commands import programs, starts
from pruner.static.entry import child_imports, entry_files
from pruner.static.listing import relative

SUFFIX = ".sh"
MOST_BYTES = 1 << 18
MOST_FILES = 1000
_SKIPPED = {"node_modules", "__pycache__", "site-packages"}


def with_shell_scripts(
    tree: SourceTree, root: Path, sources: Sequence[str], commands: Iterable[Sequence[str]]
) -> tuple[SourceTree, tuple[str, ...]]:
    """Return the tree with its shell scripts, and those of them that commands start.

    A command names a script as the image has it, "/srv/app/start.sh": by as much of that path as
    the project has.
    """
    named = tuple(dict.fromkeys(path for argv in commands for path in _named(argv, root)))
    paths = sorted({*_listed(root, sources), *named})
    found = {path: text for path in paths if (text := _text(root / path)) is not None}
    scripts = {path: _script(path, text) for path, text in found.items()}
    edges = {path: _leads(tree, text) for path, text in found.items()}
    joined = msgspec.structs.replace(
        tree, files={**tree.files, **scripts}, edges={**tree.edges, **edges}
    )
    return joined, tuple(path for path in named if path in scripts)


def _listed(root: Path, sources: Sequence[str]) -> list[str]:
    found: list[str] = []
    for source in sources:
        for folder, folders, names in os.walk(root / source):
            folders[:] = sorted(set(folders) - _SKIPPED)
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [relative(Path(folder, n), root) for n in names if n.endswith(SUFFIX)]
    return found[:MOST_FILES]


def _named(argv: Sequence[str], root: Path) -> Iterator[str]:
    """Yield the scripts in a command, as paths in the project."""
    words = [word for text in argv for word in re.split(r"[\s;&|]+", text)]
    for word in words:
        parts = [part for part in posixpath.normpath(word).split("/") if part]
        if not word.endswith(SUFFIX) or ".." in parts:
            continue
        tails = ("/".join(parts[at:]) for at in range(len(parts)))
        yield from [tail for tail in tails if (root / tail).is_file()][:1]


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def _script(path: str, text: str) -> SourceFile:
    """Return a script as a file without a name to import it by."""
    asks: list[Ask] = []
    sites: list[ImportSite] = []
    for number, line in _lines(text):
        argv = ("sh", "-c", line)
        asks += [Ask(kind="script", what=name, line=number) for name in programs(argv)]
        for name in child_imports(argv):
            module, _, symbol = name.rpartition(".")
            sites.append(
                ImportSite(
                    file=path,
                    line=number,
                    module=module or symbol,
                    symbol=symbol if module else None,
                    guard=Guard.FUNCTION,
                    dynamic=True,
                    platform=True,  # another Python may be meant: what lacks is no finding
                )
            )
    texts = {word: line for line, word in _files(text)}
    return SourceFile(path=path, module="", sites=tuple(sites), texts=texts, asks=tuple(asks))


def _files(text: str) -> Iterator[tuple[int, str]]:
    """Yield the scripts that lines of a script start in turn."""
    for number, line in _lines(text):
        for word in re.findall(r"[\w./-]+\.sh\b", line):
            yield number, word.removeprefix("./").lstrip("/")


def _leads(tree: SourceTree, text: str) -> tuple[str, ...]:
    """Return the first-party files of Python that a script starts."""
    lines = (("sh", "-c", line) for _, line in _lines(text))
    found = {path for argv in lines if any(starts(argv)) for path in entry_files(tree, argv)}
    return tuple(sorted(found))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, line) of a script's lines, those that go on in the next one joined."""
    joined, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        if (joined + line).strip() and not (joined + line).lstrip().startswith("#"):
            yield begun, joined + line
        joined, begun = "", 0
