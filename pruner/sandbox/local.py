"""The local sandbox: a throwaway virtual environment, behind bubblewrap where it works."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from pruner.config import Image
from pruner.errors import UsageError
from pruner.files import copy_tree
from pruner.image.dockerfile import dockerfile_of
from pruner.requirements import of_image
from pruner.sandbox import uv
from pruner.sandbox.base import Base, Environment, LockFiles
from pruner.sandbox.bubblewrap import executable as bubblewrap
from pruner.sandbox.bubblewrap import walls
from pruner.sandbox.building import Built, Source
from pruner.sandbox.installing import Rebuilding, index_variables, written
from pruner.sandbox.local_environment import LocalEnvironment, interpreter_folders
from pruner.sandbox.projects import arguments, own_projects
from pruner.sandbox.pythons import search_path
from pruner.sandbox.workspace import Workspace, facts_file, store

UNBUILT = shutil.ignore_patterns(".git", ".pruner", ".venv", "__pycache__", "node_modules")
"""What no build of a requirement needs, and is large."""


class LocalSandbox:
    """Virtual environments that uv makes from requirements or from a lock."""

    name = "local"

    def __init__(self, root: Path, workspace: Workspace) -> None:
        self._root = root
        self._workspace = workspace
        self._rebuilding = Rebuilding(self._environment, workspace)

    @property
    def isolated(self) -> bool:
        """Whether agents run behind bubblewrap; without it they are plain processes."""
        return bubblewrap() is not None

    @contextmanager
    def original(self, image: Image) -> Iterator[Environment]:
        """Install the image's requirements, as pip would resolve them today.

        Options on the lines of requirements are taken for what was meant: uv gets files in which
        they stand where they belong.
        """
        argv = arguments(image, self._root, self._workspace.folder("requirements"))
        # pip takes the best match of all indexes; the original is to be what pip would install.
        argv += ["--index-strategy", "unsafe-best-match"]
        own = own_projects(image, self._root)
        with ExitStack() as stack:
            yield self._rebuilding.installed(image, argv, stack, own)

    def base(self, image: Image) -> Base | None:
        """Return None: the system is the host's, and no image is looked at."""
        del image
        return None

    def build(
        self, image: Image, source: Source, constraints: str, before: datetime | None
    ) -> Built:
        """Install the release into an environment of its own, from an empty cache."""
        return self._rebuilding.build(image, source, constraints, before)

    def _inside(self, key: str, folder: str) -> str:
        """Return a folder that a lock names, where it is one of this project."""
        if not (self._root / folder).resolve().is_relative_to(self._root):
            hint = "make the lock again where the folder is part of the project"
            raise UsageError(f"{key}: its folder {folder!a} lies outside the project", hint=hint)
        return folder

    @contextmanager
    def locked(self, image: Image, lock: LockFiles) -> Iterator[Environment]:
        """Install the lock, and nothing that it does not name."""
        argv = ["--no-deps", "--require-hashes"]
        argv += written(lock, self._workspace.folder("lock"))
        own = tuple(self._inside(key, folder) for key, folder in sorted(lock.own.items()))
        with self._environment(image, argv, seed=False, own=own) as environment:
            yield environment

    @contextmanager
    def _environment(
        self,
        image: Image,
        requirements: Sequence[str],
        *,
        seed: bool,
        cache: Path | None = None,
        own: Sequence[str] = (),
    ) -> Iterator[Environment]:
        folder = self._workspace.folder("env") / "venv"
        version = image.python or self._guessed(image)
        choice = ["--python", version] if version else []
        seeded = ["--seed"] if seed else []
        uv.run(
            ["venv", *choice, *seeded, str(folder)],
            what=f"images.{image.name}: an environment of Python {version or '3'}",
            env={"PATH": search_path()},
        )
        argv = ["pip", "install", "--python", str(folder / "bin" / "python"), *requirements]
        inside = walls(
            [self._root, *interpreter_folders(folder), uv.binary().parent],
            [store()],
            network=True,
            instead={**self._copied(image, own), **_hidden()},
        )
        try:
            what = f"images.{image.name}: requirements"
            env = self._asked(image) if seed else {**uv.ALONE, **uv.cached_in(cache)}
            uv.run(argv, what=what, before=inside, env=env, cwd=self._root)
            if own:
                argv = ["pip", "install", "--python", str(folder / "bin" / "python"), "--no-deps"]
                argv += [str(self._root / place) for place in own]
                what = f"images.{image.name}: {', '.join(own)}"
                uv.run(argv, what=what, before=inside, env=self._asked(image), cwd=self._root)
            variables = self._variables(image)
            yield LocalEnvironment(image, self._root, folder, self._workspace, variables)
        finally:
            self._workspace.discard(folder)

    def _asked(self, image: Image) -> dict[str, str]:
        """Return what uv is told beside the image's requirement files.

        That are the variables that their options ask for, and the indexes of the Dockerfile.
        """
        found = of_image(image, self._root)
        asked = {name: os.environ[name] for name in found.variables}
        read = dockerfile_of(image, self._root)
        named = index_variables(read.indexes, found.indexes) if read is not None else {}
        return {**asked, **named}

    def _copied(self, image: Image, own: Sequence[str]) -> dict[Path, Path]:
        """Return a copy of the project where something is built from it: builds write there."""
        built = own or image.projects or of_image(image, self._root).direct
        if bubblewrap() is None or not built:
            return {}
        copy = self._workspace.folder("source") / "project"
        copy_tree(self._root, copy, symlinks=True, ignore=UNBUILT)
        return {self._root: copy}

    def _guessed(self, image: Image) -> str | None:
        read = dockerfile_of(image, self._root)
        return read.python_version if read is not None else None

    def _variables(self, image: Image) -> dict[str, str]:
        """Return the Dockerfile's ENV, its WORKDIR replaced by the project's folder."""
        read = dockerfile_of(image, self._root)
        if read is None:
            return {}
        here = str(self._root)
        workdir = read.workdir or "/"
        return {
            name: value.replace(workdir, here) if workdir != "/" else value
            for name, value in read.env.items()
            if name not in {"PATH", "HOME", "VIRTUAL_ENV"}
        }


def _hidden() -> dict[Path, None]:
    """Return the folder of the store that no installation may write to, where there is one."""
    folder = facts_file().parent
    return {folder: None} if folder.is_dir() else {}
