"""The build context of an image, as far as its first-party code is concerned."""

import os
import posixpath
from pathlib import Path

from pruner.config import Config, Image
from pruner.image.minimal.tree import Context, words_of
from pruner.model import Document
from pruner.static.entry import entry_files
from pruner.static.tree import read_tree

MOST_NAMES = 10_000
OURS = (".pruner", "pruner.toml")


def context_of(config: Config, image: Image, document: Document) -> Context:
    """Return what lies in the context, and what of it the code reaches and names.

    Paths are relative to the context. First-party trees outside of it cannot be copied from it.
    """
    root = config.root / image.context
    numbers = document.python.split(".")[:2]
    version = tuple(int(part) for part in numbers if part.isdecimal())
    tree = read_tree(config.root, config.source, version)
    entries = [file for agent in image.agents for file in entry_files(tree, agent.argv)]
    texts = {word for file in tree.files.values() for word in file.texts}
    own = tuple(f"{source}/" for source in config.source if source != ".")
    texts |= {word for word, where in tree.settings.items() if where.startswith(own)}
    texts |= {word for agent in image.agents for word in (*agent.argv, *agent.env.values())}
    sources = [_below(root, config.root / source) for source in config.source]
    reached = [_below(root, config.root / path) for path in tree.reached_from(entries)]
    inside = tuple(sorted({path for path in sources if path is not None}))
    return Context(
        folders=_folders(root, inside, config.root / config.locks),
        sources=inside,
        reached=frozenset(path for path in reached if path is not None),
        words=words_of(texts),
    )


def _below(root: Path, path: Path) -> str | None:
    found = os.path.relpath(path, root)
    if found.startswith(".."):
        return None
    return "" if found == "." else Path(found).as_posix()


def _folders(root: Path, sources: tuple[str, ...], ours: Path) -> dict[str, tuple[str, ...]]:
    """List the folders that lead to first-party trees, these, and all that lie beside them.

    What pruner writes is of no use in an image.
    """
    todo = {""}
    for source in sources:
        while source:
            todo.add(source)
            source = posixpath.dirname(source)  # noqa: PLW2901
    found: dict[str, tuple[str, ...]] = {}
    for folder in sorted(todo):
        names = [name for name in _names(root / folder) if root / folder / name != ours]
        found[folder] = tuple(name for name in names if name not in OURS)
        for name in found[folder]:
            path = posixpath.join(folder, name)
            if (root / path).is_dir():
                found.setdefault(path, ())
    return found


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(path.name for path in folder.iterdir())[:MOST_NAMES])
    except OSError:
        return ()
