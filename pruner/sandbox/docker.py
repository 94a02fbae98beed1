"""The docker sandbox: agents run from their own image, with their own command.

Nothing is installed in the image. The tracers, the two files that let them in, and the folder that
they write to are mounted from outside. The proof runs in the same image too, with the folder of its
distributions covered by one that was installed from the lock alone, and the scripts of what was
left out covered by nothing.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pruner.config import Agent, Image, Service
from pruner.errors import OutsideError, PrunerError, UsageError
from pruner.image.dockerfile import dockerfile_of
from pruner.sandbox import bases, containers, engine, uv
from pruner.sandbox.base import (
    Base,
    Completed,
    Environment,
    LockFiles,
    Measure,
    Session,
    last_line,
)
from pruner.sandbox.building import Built, Source, unpacked
from pruner.sandbox.containers import Mount, labelled
from pruner.sandbox.installing import build_arguments, links, written
from pruner.sandbox.local import SYSTEM_PATH, entry
from pruner.sandbox.measuring import lay_out, writable
from pruner.sandbox.probes import Answer, Layout, ask, checked, probe, survey
from pruner.sandbox.projects import interpreters
from pruner.sandbox.session import TOOLS, DockerSession
from pruner.sandbox.workspace import Workspace, facts_file, store

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.networks import Network

STORE = "/pruner-store"
CARRY_TIMEOUT = 120.0
PYTHONS = ("python", "python3")
_PYTHON = re.compile(r"python[\d.]*")


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

    def _made(self, image: Image) -> "Made":
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

    def _carry(
        self, image: Image, bare: "DockerEnvironment", lock: LockFiles, folder: Path
    ) -> None:
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
            raise OutsideError(f"images.{image.name}: its own code cannot be copied: {done.said}")

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


class Made(NamedTuple):
    """An image that was built, and the interpreters that its commands name or that uv made."""

    client: "DockerClient"
    tag: str
    pythons: tuple[str, ...]


class DockerEnvironment:
    """One image, with or without something that covers its distributions."""

    def __init__(
        self,
        made: "Made",
        image: Image,
        workspace: Workspace,
        cover: Sequence[Mount] = (),
        folder: Path | None = None,
    ) -> None:
        self._client = made.client
        self._tag = made.tag
        self._names = (*PYTHONS, f"python{image.python}") if image.python else PYTHONS
        self._image = image
        self._workspace = workspace
        self._cover = tuple(cover)
        self._folder = folder
        self._tools = workspace.tools()
        # Its own command knows best: the system may have a Python of the same version.
        own = [word for word in self._own()[:1] if _PYTHON.fullmatch(word)]
        self._pythons = tuple(dict.fromkeys((*made.pythons, *own, *self._names)))
        self.layout = self._layout()

    @property
    def python(self) -> str:
        """The interpreter that `python` means in the image."""
        return self.layout.executable

    @property
    def tools(self) -> str:
        """Where the tracers are seen in a container."""
        return TOOLS

    @property
    def desk(self) -> Path:
        """The tracers' folder on the host."""
        return self._tools

    def run(self, argv: Sequence[str], *, timeout: float, gpu: bool = False) -> Completed:
        """Run one command in a throwaway container."""
        return self._run(argv, timeout, "none", gpu=gpu)

    def _run(
        self, argv: Sequence[str], timeout: float, network: str, *, gpu: bool = False
    ) -> Completed:
        out = Mount(self._tools / "out", f"{TOOLS}/out", writable=True)
        mounts = [Mount(self._tools, TOOLS), out, *self._cover]
        options = {**self._options(mounts), "entrypoint": "", "network_mode": network}
        options |= self._gpu() if gpu else {}
        with containers.started(self._client, self._tag, list(argv), options) as container:
            return containers.run_to_end(container, argv, timeout)

    @contextmanager
    def start(self, agent: Agent, measure: Measure | None = None) -> Iterator[Session]:
        """Start the agent's services, then the agent."""
        tools = self._workspace.tools()
        if measure is not None:
            lay_out(measure, tools, TOOLS)
        with ExitStack() as stack:
            network = self._network(agent, stack)
            outs = [Mount(path, f"{TOOLS}/{path.name}", writable=True) for path in writable(tools)]
            mounts = [Mount(tools, TOOLS), *outs, *self._cover]
            mounts += self._entries(tools, measured=measure is not None)
            options = {
                **self._options(mounts),
                **self._gpu(),
                "environment": {**self._path(), **agent.env},
                "network_mode": network,
            }
            if agent.cwd:
                options["working_dir"] = agent.cwd
            command = self._command(agent, options)
            started = containers.started(self._client, self._tag, command, options)
            yield DockerSession(stack.enter_context(started), tools)

    def _options(self, mounts: Sequence[Mount]) -> dict[str, Any]:
        walls = containers.walls(mounts, self._image.memory_bytes, self._image.processes)
        return {**walls, "labels": labelled(self._workspace.id)}

    def _command(self, agent: Agent, options: dict[str, Any]) -> list[str] | None:
        """Return None, the image's own command, where that is what the agent's would be."""
        own = self._own()
        argv = list(agent.argv)
        names = self._names
        if own and own[0] in names and argv[0] in names and own[1:] == argv[1:]:
            return None
        options["entrypoint"] = ""
        return [self.python, *argv[1:]] if argv[0] in names else argv

    def _own(self) -> list[str]:
        """Return the command that the image starts by itself."""
        config = self._config()
        return [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]

    def _config(self) -> dict[str, Any]:
        with engine.failing("the engine does not know the image"):
            return dict(self._client.images.get(self._tag).attrs["Config"])

    def _path(self) -> dict[str, str]:
        """Put the programs beside the interpreter first, as `uv run` does, where they are not."""
        folder = self.layout.executable.rpartition("/")[0]
        env = dict(line.partition("=")[::2] for line in self._config().get("Env") or [])
        path = env.get("PATH", SYSTEM_PATH)
        return {} if folder in path.split(":") else {"PATH": f"{folder}:{path}"}

    def _entries(self, tools: Path, *, measured: bool) -> Iterator[Mount]:
        """Let the tracer in through the first folder that site reads."""
        target = self.layout.site[0]
        for kind in (".pth", ".start"):
            name = f"00_pruner{kind}"
            (tools / name).write_text(entry(kind, TOOLS, measured=measured), encoding="utf-8")
            if self._folder is not None:
                (self._folder / name).touch()  # a mount needs a place, and this folder is ours
            yield Mount(tools / name, f"{target}/{name}")

    def _gpu(self) -> dict[str, Any]:
        with engine.failing("the engine does not say what it can do"):
            runtimes = self._client.info().get("Runtimes") or {}
        if not self._image.gpu or "nvidia" not in runtimes:
            return {}
        from docker.types import DeviceRequest  # noqa: PLC0415

        return {"device_requests": [DeviceRequest(count=-1, capabilities=[["gpu"]])]}

    def _network(self, agent: Agent, stack: ExitStack) -> str:
        """Make the network that the agent gets, with its services on it; return its name."""
        if agent.network == "full":
            return "bridge"
        if agent.network == "none" or not self._image.services:
            return "none"
        network = stack.enter_context(self._internal())
        for name, service in self._image.services.items():
            self._serve(name, service, network, stack)
        return str(network.name)

    @contextmanager
    def _internal(self) -> Iterator["Network"]:
        name = f"pruner-{self._workspace.id}-{len(list(self._workspace.path.iterdir()))}"
        labels = labelled(self._workspace.id)
        with engine.made(
            lambda: self._client.networks.create(name, internal=True, labels=labels),
            lambda network: network.remove(),
            "a network",
        ) as network:
            yield network

    def _serve(self, name: str, service: Service, network: "Network", stack: ExitStack) -> None:
        where = f"images.{self._image.name}.services.{name}"
        if service.image is None:
            hint = f'give {where}.image = "name:tag", or use --runtime local'
            raise OutsideError(f"{where}: has no image for the docker sandbox", hint=hint)
        from docker.types import EndpointConfig  # noqa: PLC0415

        self._pull(service.image, where)
        endpoint = EndpointConfig(self._client.api.api_version, aliases=[name])
        options = {
            "labels": labelled(self._workspace.id),
            "environment": dict(service.env),
            "network": network.name,
            "networking_config": {network.name: endpoint},
            "security_opt": ["no-new-privileges"],
            "mem_limit": self._image.memory_bytes,
            "pids_limit": self._image.processes,
            "detach": True,
        }
        started = containers.started(self._client, service.image, None, options)
        container = stack.enter_context(started)
        if service.ready is not None:
            self._wait_for(where, name, service, network, container)

    def _wait_for(
        self, where: str, name: str, service: Service, network: "Network", container: "Container"
    ) -> None:
        """Wait, in a container on the same network, until the service accepts connections."""
        order = {"tcp": service.ready, "host": name, "timeout": service.timeout}
        answer = ask(_On(self, str(network.name)), probe(self.python, TOOLS), order, Answer)
        if not answer.ok:
            with engine.failing(f"{where} cannot be read"):
                said = last_line(container.logs(tail=5)) or answer.detail
            raise OutsideError(f"{where}: {service.image} is not there: {said}")

    def _pull(self, name: str, where: str) -> None:
        from docker.errors import ImageNotFound  # noqa: PLC0415

        hint = "the image cannot be pulled: scripts/base-image makes a stand-in"
        with engine.failing(f"{where}.image", hint=hint):
            try:
                self._client.images.get(name)
            except ImageNotFound:
                self._client.images.pull(name)

    def _layout(self) -> Layout:
        """Find the interpreter of the image and where it has its distributions.

        The first that runs, of the version that is configured where one of them is: an image may
        have its system's Python beside the one that its agents run on.
        """
        failures: list[str] = []
        found: list[Layout] = []
        for python in self._pythons:
            try:
                done = self.run([*survey(python, TOOLS), '{"layout": true}'], timeout=60)
            except containers.NoProgramError as error:
                failures.append(error.message)
                continue
            if done.code == 0:
                found.append(checked(done, Layout))
                wanted = self._image.python
                if wanted is None or found[-1].version.startswith(f"{wanted}."):
                    return found[-1]
            failures.append(done.said)
        if found:
            return found[0]
        said = failures[-len(self._names)]
        raise OutsideError(
            f"images.{self._image.name}: no python runs in the image: {said}",
            hint=f"pruner looks on the image's PATH for {', '.join(self._names)}",
        )


class _On:
    """The same environment, with a network."""

    def __init__(self, environment: DockerEnvironment, network: str) -> None:
        self._environment = environment
        self._network = network

    def run(self, argv: Sequence[str], *, timeout: float) -> Completed:
        """Run one command in a throwaway container on that network."""
        return self._environment._run(argv, timeout, self._network)  # noqa: SLF001
