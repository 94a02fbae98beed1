"""`pruner gc`: remove what a killed pruner has left, and nothing that a living one holds."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pruner.errors import PrunerError
from pruner.model import Value
from pruner.sandbox import engine, uv
from pruner.sandbox.engine import LABEL, STORE
from pruner.sandbox.workspace import abandoned, remove, store, store_id

if TYPE_CHECKING:
    from docker import DockerClient

PATIENCE = "60"
"""Seconds to wait for an installation of another pruner."""


class Removed(Value, frozen=True):
    """What was removed, by kind, and what could not be looked at."""

    folders: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    skipped: str = ""  # why the engine was not looked at
    cache_bytes: int = 0  # of distributions that were kept for the next run


def run(*, cache: bool = False) -> Removed:
    """Remove abandoned workspaces, and what carries the label of a run that no longer lives.

    With `cache` also the distributions that uv keeps. Raises OutsideError where an installation
    does not end.
    """
    removed = _abandoned()
    if not cache:
        return removed
    return msgspec.structs.replace(removed, cache_bytes=_emptied(uv.cache_folder()))


def _emptied(folder: Path) -> int:
    before = _bytes(folder)
    patience = {"UV_LOCK_TIMEOUT": os.environ.get("UV_LOCK_TIMEOUT", PATIENCE)}
    uv.run(["cache", "clean"], what="the cache cannot be emptied", env=patience)
    return max(0, before - _bytes(folder))


def _bytes(folder: Path) -> int:
    """Return the bytes of the files below a folder, each counted once."""
    found: dict[int, int] = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # another pruner's, as it goes on
                status = Path(where, name).lstat()
                found[status.st_ino] = status.st_size
    return sum(found.values())


def _abandoned() -> Removed:
    folders = abandoned()
    for path in folders:
        remove(path)
    names = tuple(path.name for path in folders)
    living = {path.name for path in (store() / "sandboxes").glob("*")}
    try:
        client = engine.connect()
    except PrunerError as error:
        return Removed(folders=names, skipped=error.message)
    try:
        containers, networks, images = _in_engine(client, living)
    finally:
        client.close()
    return Removed(folders=names, containers=containers, networks=networks, images=images)


def _in_engine(client: "DockerClient", living: set[str]) -> tuple[tuple[str, ...], ...]:
    # Nobody here can tell whether a run of another store, another user's, still lives.
    wanted: dict[str, str | list[str] | bool] = {"label": [LABEL, f"{STORE}={store_id()}"]}
    with engine.failing("the engine cannot be cleaned"):
        containers = [
            _gone(item, lambda it: it.remove(force=True, v=True))
            for item in client.containers.list(all=True, filters=wanted)
            if item.labels.get(LABEL) not in living
        ]
        networks = [
            _gone(item, lambda it: it.remove())
            for item in client.networks.list(filters=wanted)
            if (item.attrs.get("Labels") or {}).get(LABEL) not in living
        ]
        images = [
            _gone(item, lambda it: client.images.remove(it.id, force=True))
            for item in client.images.list(filters=wanted)
            if item.labels.get(LABEL) not in living
        ]
    return tuple(containers), tuple(networks), tuple(images)


def _gone(item: Any, removal: Callable[[Any], object]) -> str:  # noqa: ANN401  docker's models
    removal(item)
    return str(getattr(item, "name", None) or item.id)
