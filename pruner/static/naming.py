"""By which name each file is imported.

A folder without `__init__` may be a namespace package (`main.agents.x`) or only a place where
packages lie (`src`): the two look alike on disk. The imports in the files tell: a folder that some
file imports by its own name is a namespace, one whose children are imported by theirs is a place.
Where nothing tells, the usual names of places decide.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

_PLACES = {"src", "lib", "source", "sources", "py", "python"}


def is_package(path: str) -> bool:
    """Whether the file is the `__init__` of a package."""
    return path.rpartition("/")[2] == "__init__.py"


@lru_cache(1 << 16)  # each look for what a command starts asks for all files of the tree
def module_name(path: str) -> str:
    """Return the dotted name of a path, seen from its import root: `a/b/__init__.py` is `a.b`."""
    pure = PurePosixPath(path)
    parts = pure.with_suffix("").parts if pure.suffix == ".py" else pure.parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def below(path: str, folder: str) -> str | None:
    """Return the path as seen from the folder, or None if it lies elsewhere."""
    if not folder:
        return None if path.startswith("../") or path == ".." else path
    return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None


def naming_roots(roots: Sequence[str], texts: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the roots that names start at: all but namespace packages. Longest first."""
    places = (root for root in roots if not root or not _is_namespace(root, texts))
    return tuple(sorted(places, key=len, reverse=True))


def name_of(path: str, roots: Iterable[str]) -> str:
    """Return the module name of a file, seen from the first of these roots that holds it."""
    seen = (below(path, root) for root in roots)
    return module_name(next((name for name in seen if name), path))


def _is_namespace(folder: str, texts: Mapping[str, bytes]) -> bool:
    parts = folder.split("/")
    if not all(part.isidentifier() for part in parts):
        return False
    if _imported([folder.replace("/", ".")], texts.values()):
        return True
    seen = (below(path, folder) for path in texts)
    children = {PurePosixPath(path).parts[0].removesuffix(".py") for path in seen if path}
    return not _imported(sorted(children), texts.values()) and parts[-1] not in _PLACES


def _imported(names: Iterable[str], texts: Iterable[bytes]) -> bool:
    """Whether any text has an import statement for one of the names, or names it in quotes."""
    either = "|".join(map(re.escape, names))
    if not either:
        return False
    found = rf"^[ \t]*(?:from|import)[ \t]+(?:{either})\b|[\"'](?:{either})[.:]"
    pattern = re.compile(found.encode(), re.MULTILINE)
    return any(pattern.search(text) for text in texts)
