"""What both sandboxes share where uv installs a lock, and how the local one builds releases."""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from pruner.config import Image
from pruner.requirements import Indexes
from pruner.sandbox import uv
from pruner.sandbox.base import Environment, LockFiles
from pruner.sandbox.building import (
    Built,
    Source,
    as_constraints,
    find_recipe,
    now,
    oldest,
    unpacked,
)
from pruner.sandbox.workspace import Workspace

MOST_UNBUILT = 10
"""Releases of one image that only older build requirements can build."""


def written(lock: LockFiles, folder: Path) -> list[str]:
    """Write a lock into a folder and return the arguments with which uv installs it."""
    (folder / "requirements.txt").write_text(lock.requirements, encoding="utf-8")
    argv = ["-r", str(folder / "requirements.txt")]
    if lock.constraints:
        (folder / "build-constraints.txt").write_text(lock.constraints, encoding="utf-8")
        argv += ["--build-constraints", str(folder / "build-constraints.txt")]
    return argv


def build_arguments(source: Source, files: Sequence[str], before: datetime | None) -> list[str]:
    """Return the arguments with which uv installs a source, and what builds it, by a moment."""
    argv = ["--no-deps", *files]
    if before is not None:
        argv += ["--exclude-newer", before.strftime("%Y-%m-%dT%H:%M:%SZ")]
        argv += ["--exclude-newer-package", f"{source.name}=false"]
    return argv


def links(requirements: str) -> list[Path]:
    """Return the folders of this machine that a lock finds files in."""
    places = re.findall(r"^--find-links (/.*)$", requirements, re.MULTILINE)
    return [Path(place) for place in dict.fromkeys(places)]


def index_variables(told: Sequence[tuple[str, str]], named: Indexes) -> dict[str, str]:
    """Return the variables by which uv asks a Dockerfile's indexes beside those of the files."""
    default = [url for kind, url in told if kind == "index_url"]
    extra = [url for kind, url in told if kind == "extra_index_urls"]
    found = {"UV_DEFAULT_INDEX": default[0]} if default and not named.index_url else {}
    if extra:
        found["UV_INDEX"] = " ".join([*extra, *os.environ.get("UV_INDEX", "").split()])
    return found


class Make(Protocol):
    """Makes an environment from arguments of `uv pip install`; `seed`: it is an original."""

    def __call__(
        self,
        image: Image,
        requirements: Sequence[str],
        *,
        seed: bool,
        cache: Path | None = None,
        own: Sequence[str] = (),
    ) -> AbstractContextManager[Environment]:
        """Make it, with projects of its `own` installed last.

        uv keeps what it fetches in `cache`, where one is given.
        """
        ...


class Rebuilding:
    """Builds releases without a wheel in environments of their own; remembers what failed."""

    def __init__(self, make: Make, workspace: Workspace) -> None:
        self._make = make
        self._workspace = workspace
        self._unbuildable: set[tuple[str, date | None]] = set()

    def installed(
        self, image: Image, argv: Sequence[str], stack: ExitStack, own: Sequence[str] = ()
    ) -> Environment:
        """Make an original; what today's build requirements break is built with older ones.

        Where the image is deployed it was built, once.
        """
        known: dict[str, str] = {}
        for _ in range(MOST_UNBUILT):
            try:
                made = self._make(image, [*argv, *self._bound(known)], seed=True, own=own)
                return stack.enter_context(made)
            except uv.BuildError as error:
                found = self._recipe(image, error.pin)
                if not found or known.items() >= found.items():
                    raise
                known = oldest([known, found])
        made = self._make(image, [*argv, *self._bound(known)], seed=True, own=own)
        return stack.enter_context(made)

    def build(
        self, image: Image, source: Source, constraints: str, before: datetime | None
    ) -> Built:
        """Install the release into an environment of its own, from an empty cache."""
        key = (source.pin, before.date() if before else None)
        if key in self._unbuildable and not constraints:
            return Built(ok=False, said="it did not build before")
        folder = self._workspace.folder("build")
        files = LockFiles(requirements=f"{source.requirement}\n", constraints=constraints)
        argv = build_arguments(source, written(files, folder), before)
        cache = folder / "cache"
        cache.mkdir()
        try:
            with self._make(image, argv, seed=False, cache=cache):
                return Built(ok=True, used=unpacked(cache, source.name))
        except (uv.BuildError, uv.NotThereError) as error:
            if not constraints:
                self._unbuildable.add(key)
            return Built(ok=False, said=error.message)
        finally:
            self._workspace.discard(folder)

    def _bound(self, known: Mapping[str, str]) -> list[str]:
        if not known:
            return []
        file = self._workspace.folder("constraints") / "build-constraints.txt"
        file.write_text(as_constraints(known), encoding="utf-8")
        return ["--build-constraints", str(file)]

    def _recipe(self, image: Image, pin: str | None) -> dict[str, str]:
        """Return the pins of what builds a release; nothing where nothing older does."""
        if pin is None:
            return {}
        name, _, version = pin.partition("==")
        self._unbuildable.add((pin, None))
        source = Source(name, version, pin)
        recipe = find_recipe([source], partial(self.build, image), now())
        return {} if isinstance(recipe, str) else recipe.pins
