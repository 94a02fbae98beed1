"""What a lock rests on, as digests: whether that is as it was when the lock was made."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pruner.config import Config, Image
from pruner.files import regular
from pruner.jobs.committed import MAX_BYTES

SKIPPED = frozenset({"__pycache__", ".git", ".pruner", ".venv", "node_modules"})


def inputs(config: Config, image: Image) -> dict[str, str]:
    """Return the sha256 of the Dockerfile, the requirement files and the first-party code."""
    root, locks = config.root, config.root / config.locks
    named = {
        "Dockerfile": [root / image.dockerfile] if image.dockerfile else [],
        "requirement files": [root / name for name in image.requirements],
        "sources": [
            path
            for name in config.source
            for path in _files(root / name)
            if not path.is_relative_to(locks)
        ],
    }
    return {what: _digest(paths, root) for what, paths in named.items() if paths}


def changed(config: Config, image: Image, then: Mapping[str, str]) -> tuple[str, ...]:
    """Return what is not as `then`; nothing is said of what was not known then."""
    if not then:
        return ()
    now = inputs(config, image)
    return tuple(what for what, digest in then.items() if now.get(what) != digest)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.rglob("*.py")):
        if not SKIPPED.intersection(path.relative_to(folder).parts):
            yield path


def _digest(paths: list[Path], root: Path) -> str:
    whole = hashlib.sha256()
    for path in paths:
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        try:
            data = regular(path, MAX_BYTES)
        except (OSError, ValueError):
            data = b""
        whole.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        whole.update(data)
    return whole.hexdigest()
