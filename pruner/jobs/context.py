"""The build context of an image, as far as its first-party code is concerned."""

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pruner.config import Config, Image
from pruner.document import Document
from pruner.errors import UsageError
from pruner.image.ignoring import Ignoring, patterns_of
from pruner.image.minimal.tree import Context, inside, is_wild, relative, words_of
from pruner.image.values import Dockerfile
from pruner.jobs.first_party import first_party
from pruner.model import SourceTree
from pruner.static.entry import entry_files
from pruner.static.paths import named_paths

MOST_NAMES = 10_000
MOST_BYTES = 1 << 20
"""Of a file in which names of others are looked for."""
OURS = (".pruner", "pruner.toml", "__pycache__")
SCRIPTS = (".sh", ".bash", ".toml", ".ini", ".cfg", ".yaml", ".yml", ".json", ".conf")


def folder_of(config: Config, image: Image) -> str:
    """Return the build context as a path from the root of the project, "" for the root itself.

    Raises UsageError where it lies outside: what is written is built from the root.
    """
    found = posixpath.normpath(image.context)
    if found.startswith(("..", "/")):
        raise UsageError(
            f"images.{image.name}: its build context {found} lies outside of {config.root}",
            hint="put pruner.toml into a folder that holds the context",
        )
    return "" if found == "." else found


def ignored(config: Config, image: Image) -> tuple[str, ...]:
    """Return the patterns of the .dockerignore that the original is built with."""
    own = [config.root / f"{image.dockerfile}.dockerignore"] if image.dockerfile else []
    for path in (*own, config.root / image.context / ".dockerignore"):
        try:
            return patterns_of(path.read_bytes()[:MOST_BYTES].decode("utf-8", "replace"))
        except OSError:
            continue
    return ()


def context_of(
    config: Config,
    image: Image,
    document: Document,
    read: Dockerfile,
    words: Iterable[str],
    note: Callable[[str], object],
) -> Context:
    """Return what lies in the context, and what of it the code, or one of `words`, names.

    Paths are relative to the context. First-party trees outside of it cannot be copied from it.
    """
    root = config.root / folder_of(config, image)
    numbers = document.python.split(".")[:2]
    version = tuple(int(part) for part in numbers if part.isdecimal())
    tree = first_party(config, note, version)
    entries = [file for agent in image.agents for file in entry_files(tree, agent.argv)]
    sources = [_below(root, config.root / source) for source in config.source]
    reached = [_below(root, config.root / path) for path in tree.reached_from(entries)]
    trees = tuple(sorted({path for path in sources if path is not None}))
    copied = {relative(source) for copy in read.copies for source in copy.sources}
    texts = {*_texts(config, image, tree), *words}
    texts |= {path for word in texts for path in _of_script(root, word)}
    return Context(
        folders=_folders(config, image, root, {*trees, *copied}),
        sources=trees,
        reached=frozenset(path for path in reached if path is not None),
        words=words_of(texts),
    )


def _texts(config: Config, image: Image, tree: SourceTree) -> Iterator[str]:
    """Yield what may be a path in the code, in its settings, and in how agents are started."""
    for path, file in tree.files.items():
        yield from file.texts
        yield from named_paths(_bytes(config.root / path), path)
    own = tuple(f"{source}/" for source in config.source if source != ".")
    yield from (word for word, where in tree.settings.items() if where.startswith(own))
    for agent in image.agents:
        yield from (*agent.argv, *agent.env.values())
        for exercise in agent.exercise:
            yield from exercise.run or ()


def _of_script(root: Path, word: str) -> Iterator[str]:
    """Yield what a script, or a file of settings, names that is itself named."""
    if word.endswith(SCRIPTS):
        for path in words_of([word]):
            if (root / path).is_file():
                yield from named_paths(_bytes(root / path), path)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""


def _below(root: Path, path: Path) -> str | None:
    found = os.path.relpath(path, root)
    if found.startswith(".."):
        return None
    return "" if found == "." else Path(found).as_posix()


def _folders(
    config: Config, image: Image, root: Path, wanted: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """List the folders that lead to what is wanted, these, and all that lie beside them.

    What pruner writes is of no use in an image, and what the original's build does not get either.
    """
    todo = {""}
    for path in wanted:
        here = path
        while here:
            if not is_wild(here) and (root / here).is_dir():
                todo.add(here)
            here = posixpath.dirname(here)
    unsent = _unsent(ignored(config, image))
    ours = {config.root / config.locks, *(root / name for name in OURS)}
    found: dict[str, tuple[str, ...]] = {}
    for folder in sorted(todo):
        names = [name for name in _names(root / folder) if root / folder / name not in ours]
        paths = [posixpath.join(folder, name) for name in names]
        found[folder] = tuple(
            name for name, path in zip(names, paths, strict=True) if not unsent(path)
        )
        for path in paths:
            if (root / path).is_dir():
                found.setdefault(path, ())
    return found


def _unsent(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a build gets nothing of a path, nor of what lies below it."""
    ignoring = Ignoring(patterns)
    excepted = [relative(pattern[1:]) for pattern in patterns if pattern.startswith("!")]

    def unsent(path: str) -> bool:
        out, matched = False, ignoring.nothing
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            out, matched = ignoring.match("/".join(parts[:end]), matched)
        return out and not any(is_wild(each) or inside(each, path) for each in excepted)

    return unsent


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(path.name for path in folder.iterdir())[:MOST_NAMES])
    except OSError:
        return ()
