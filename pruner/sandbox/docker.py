"""The docker sandbox: agents run from their own image, with their own command.

Nothing is installed in the image. The tracers, the two files that let them in, and the folder that
they write to are mounted from outside. The proof runs in the same image too, with the folder of its
distributions covered by one that was installed from the lock alone, and the scripts of what was
left out covered by nothing.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pruner.config import Image
from pruner.errors import OutsideError, PrunerError, UsageError
from pruner.image.dockerfile import dockerfile_of
from pruner.sandbox import bases, containers, engine, uv
from pruner.sandbox.base import Base, Environment, LockFiles
from pruner.sandbox.building import Built, Source, unpacked
from pruner.sandbox.containers import Mount, labelled
from pruner.sandbox.docker_environment import DockerEnvironment, Made
from pruner.sandbox.docker_session import TOOLS
from pruner.sandbox.installing import build_arguments, links, written
from pruner.sandbox.probes import Layout
from pruner.sandbox.projects import interpreters
from pruner.sandbox.workspace import Workspace, facts_file, store

if TYPE_CHECKING:
    from docker import DockerClient

STORE = "/pruner-store"
CARRY_TIMEOUT = 120.0


class DockerSandbox:
    """Images that a Docker engine builds from Dockerfiles."""

    name = "docker"

    def __init__(self, root: Path, workspace: Workspace, client: "DockerClient") -> None:
        self._root = root
        self._workspace = workspace
        self._client = client
        self._images: dict[str, str] = {}

    def close(self) -> None:
        """Remove the images that were built; their layers stay in the engine's build cache."""
        for tag in self._images.values():
            with contextlib.suppress(PrunerError), engine.failing("cannot remove an image"):
                self._client.images.remove(tag, force=True)

    @contextmanager
    def original(self, image: Image) -> Iterator[Environment]:
        """Build the image from its Dockerfile."""
        yield DockerEnvironment(self._made(image), image, self._workspace)

    @contextmanager
    def locked(self, image: Image, lock: LockFiles) -> Iterator[Environment]:
        """Cover the image's distributions with what the lock pins."""
        made = self._made(image)
        bare = DockerEnvironment(made, image, self._workspace)
        folder = self._workspace.folder("env") / "site"
        try:
            self._install(image, bare.layout, lock, folder)
            if lock.own:
                self._carry(image, bare, lock, folder)
            cover = [*self._covered_folders(bare.layout, folder)]
            cover += self._covered_scripts(bare.layout, folder)
            yield DockerEnvironment(made, image, self._workspace, cover, folder)
        finally:
            self._workspace.discard(folder)

    def _made(self, image: Image) -> Made:
        return Made(self._client, self._built(image), interpreters(image, self._root))

    def _built(self, image: Image) -> str:
        """Build an image once a run, and return its tag."""
        if image.name in self._images:
            return self._images[image.name]
        if image.dockerfile is None:
            raise UsageError(
                f"images.{image.name}.dockerfile: missing, and the docker sandbox runs from it",
                hint="name the Dockerfile, or use --runtime local",
            )
        tag = f"pruner-{image.name.lower()}:{self._workspace.id}"
        dockerfile, context = self._root / image.dockerfile, self._root / image.context
        labels = labelled(self._workspace.id)
        self._images[image.name] = tag  # before it is there: an interrupt may come as it appears
        room = partial(engine.free_bytes, self._client)
        engine.build(
            dockerfile,
            context,
            tag,
            args=image.build_args,
            labels=labels,
            target=image.target,
            room=room,
        )
        return tag

    def base(self, image: Image) -> Base | None:
        """Look at the image that the Dockerfile's last stage stands on."""
        self._built(image)
        read = dockerfile_of(image, self._root)
        if read is None:
            return None
        return bases.look_at(self._client, read.base, self._workspace.id)

    def build(
        self, image: Image, source: Source, constraints: str, before: datetime | None
    ) -> Built:
        """Install the release into a folder of its own, in the image, from an empty cache."""
        layout = DockerEnvironment(self._made(image), image, self._workspace).layout
        folder = self._workspace.folder("build")
        (folder / "cache").mkdir()
        lock = LockFiles(requirements=f"{source.requirement}\n", constraints=constraints)
        options = build_arguments(source, [], before)
        try:
            self._install(image, layout, lock, folder / "site", options)
            return Built(ok=True, used=unpacked(folder / "cache", source.name))
        except (uv.BuildError, uv.NotThereError) as error:
            return Built(ok=False, said=error.message)
        finally:
            self._workspace.discard(folder)

    def _install(
        self,
        image: Image,
        layout: Layout,
        lock: LockFiles,
        folder: Path,
        how: Sequence[str] = ("--no-deps", "--require-hashes"),
    ) -> None:
        """Run uv in a container of the image, so that a build script runs nowhere else.

        Where a `cache` lies beside `folder`, uv's cache is there and not in the store.
        """
        tag = self._built(image)
        inside = f"{STORE}/{folder.relative_to(store())}"
        here = self._workspace.folder("lock")
        argv = ["/pruner-uv", "pip", "install", *how]
        argv += ["--python", layout.executable, "--target", inside]
        argv += [word.replace(str(here), "/pruner-lock") for word in written(lock, here)]
        own = folder.with_name("cache")
        cache = own.relative_to(store()) if own.is_dir() else "uv"
        mounts = [
            Mount(store(), STORE, writable=True),
            Mount(uv.binary(), "/pruner-uv"),
            Mount(here, "/pruner-lock"),
            *(Mount(place, str(place)) for place in links(lock.requirements)),
        ]
        env = {**uv.variables(), **uv.ALONE, "UV_CACHE_DIR": f"{STORE}/{cache}"}
        authorities = engine.certificates()
        if authorities:
            mounts.append(Mount(authorities, "/pruner-ca.pem"))
            env["SSL_CERT_FILE"] = "/pruner-ca.pem"
        options = {
            **containers.walls(mounts, image.memory_bytes, image.processes),
            "labels": labelled(self._workspace.id),
            "environment": env,
            "entrypoint": "",
            "user": f"{os.getuid()}:{os.getgid()}",  # so that what it writes is ours to remove
            "network_mode": "bridge",
        }
        hidden = facts_file().parent
        if hidden.is_dir():
            options["tmpfs"] = {**options["tmpfs"], f"{STORE}/{hidden.name}": "ro"}
        folder.mkdir(parents=True, exist_ok=True)
        with containers.started(self._client, tag, argv, options) as container:
            done = containers.run_to_end(container, argv, uv.INSTALL_TIMEOUT)
        if done.code != 0:
            raise uv.explained(done.stderr.decode("utf-8", "replace"), f"images.{image.name}: lock")

    def _carry(self, image: Image, bare: DockerEnvironment, lock: LockFiles, folder: Path) -> None:
        """Take the image's own projects along: what they are built from is in no lock."""
        target = f"{STORE}/{folder.relative_to(store())}"
        order = {
            "to": target,
            "site": bare.layout.site,
            "names": sorted(lock.own),
        }
        argv = [bare.python, "-I", "-S", f"{TOOLS}/carry.py", json.dumps(order)]
        mounts = [Mount(bare.desk, TOOLS), Mount(folder, target, writable=True)]
        options = {
            **containers.walls(mounts, image.memory_bytes, image.processes),
            "labels": labelled(self._workspace.id),
            "entrypoint": "",
            "user": f"{os.getuid()}:{os.getgid()}",
            "network_mode": "none",
        }
        with containers.started(self._client, self._built(image), argv, options) as container:
            done = containers.run_to_end(container, argv, CARRY_TIMEOUT)
        if done.code != 0:
            what = f"images.{image.name}: its own code cannot be copied: {done.said}"
            raise OutsideError(what, hint="see whether the engine's disk is full")

    def _covered_folders(self, layout: Layout, folder: Path) -> Iterator[Mount]:
        """Cover the first folder of distributions with the new one, and the others with nothing."""
        managed = [path for path in layout.site if not path.startswith("/usr/lib/python3/")]
        empty = self._workspace.folder("empty")
        for place, path in zip([folder, *[empty] * len(managed)], managed, strict=False):
            yield Mount(place, path)

    def _covered_scripts(self, layout: Layout, folder: Path) -> list[Mount]:
        kept = (
            {path.name for path in (folder / "bin").iterdir()} if (folder / "bin").is_dir() else {}
        )
        nothing = self._workspace.folder("nothing") / "dropped"
        nothing.write_text("#!/bin/false\n", encoding="ascii")
        dropped = [path for path in layout.scripts if Path(path).name not in kept]
        return [Mount(nothing, path) for path in dropped]
