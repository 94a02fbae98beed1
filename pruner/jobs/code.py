"""Which folders of a tree hold first-party code."""

import posixpath
from collections.abc import Iterator, Sequence

from pruner.jobs.found import Found

_NOT_SHIPPED = frozenset({"docs", "doc", "examples", "test", "tests"})
_NOT_CODE = frozenset({"setup.py", "conftest.py", "noxfile.py", "tasks.py"})


def source(files: Sequence[str], images: Sequence[Found]) -> tuple[str, ...]:
    """Return the first-party trees: folders with Python files that Dockerfiles copy."""
    code = [name for name in files if name.endswith(".py")]
    copied = {path for image in images for path in _copied(image)} or {"."}
    found: set[str] = set()
    for path in copied:
        found.update(_tops(path, code))
    if "." in found or not found:
        return (".",)
    return tuple(sorted(top for top in found if not any(top.startswith(f + "/") for f in found)))


def _tops(path: str, code: Sequence[str]) -> Iterator[str]:
    """Yield the folders that copying `path` brings Python files from."""
    for name in code:
        if path == ".":
            folder = name.partition("/")[0]
        elif name == path or name.startswith(f"{path}/"):
            folder = path
        else:
            continue
        if folder != name:
            if path != "." or folder not in _NOT_SHIPPED:
                yield folder
        elif posixpath.basename(name) not in _NOT_CODE:
            yield posixpath.dirname(name) or "."  # a file by itself: its folder is the tree


def _copied(image: Found) -> Iterator[str]:
    for copy in image.dockerfile.copies if image.dockerfile else ():
        for each in copy.sources:
            plain = posixpath.dirname(each) if any(char in each for char in "*?[") else each
            yield posixpath.normpath(posixpath.join(image.context, plain.lstrip("/") or "."))
