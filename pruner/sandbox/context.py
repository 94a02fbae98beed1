"""The build context as a builder takes it: what the ignore file leaves of a folder."""

import os
from pathlib import Path


def context_bytes(context: Path, dockerfile: Path) -> int:
    """Return the bytes of the files that an ignore file leaves in a context.

    The one of the Dockerfile, NAME.dockerignore, comes before that of the context.
    """
    from docker.utils.build import exclude_paths  # noqa: PLC0415  slow to import

    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    ignore = own if own.is_file() else context / ".dockerignore"
    patterns: list[str] = []
    if ignore.is_file():
        lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
        patterns = [line.strip() for line in lines if line.strip() and line.strip()[0] != "#"]
    inside = dockerfile.relative_to(context) if dockerfile.is_relative_to(context) else None
    names = exclude_paths(str(context), patterns, dockerfile=str(inside) if inside else None)
    return sum(_size(context / name) for name in names)


def _size(path: Path) -> int:
    try:
        stat = os.lstat(path)
    except OSError:
        return 0
    return stat.st_size if path.is_symlink() or path.is_file() else 0
