"""One image of the docker sandbox, in whose containers agents and commands run."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pruner.config import Agent, Image
from pruner.errors import OutsideError
from pruner.sandbox import containers, engine
from pruner.sandbox.base import SYSTEM_PATH, Completed, Measure, Session
from pruner.sandbox.containers import Mount, labelled
from pruner.sandbox.docker_services import DockerServices
from pruner.sandbox.docker_session import TOOLS, DockerSession
from pruner.sandbox.entering import entry
from pruner.sandbox.measuring import lay_out, writable
from pruner.sandbox.probes import Layout, checked, survey
from pruner.sandbox.workspace import Workspace

if TYPE_CHECKING:
    from docker import DockerClient

PYTHONS = ("python", "python3")
_PYTHON = re.compile(r"python[\d.]*")


class Made(NamedTuple):
    """An image that was built, and the interpreters that its commands name or that uv made."""

    client: "DockerClient"
    tag: str
    pythons: tuple[str, ...]


class DockerEnvironment:
    """One image, with or without something that covers its distributions."""

    def __init__(
        self,
        made: Made,
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
        return self.run_on("none", argv, timeout, gpu=gpu)

    def run_on(
        self, network: str, argv: Sequence[str], timeout: float, *, gpu: bool = False
    ) -> Completed:
        """Run one command in a throwaway container on a network."""
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
        """Return the name of the network that the agent gets, with its services on it."""
        if agent.network == "full":
            return "bridge"
        if agent.network == "none" or not self._image.services:
            return "none"
        services = DockerServices(self._client, self._workspace, self._image, self)
        return stack.enter_context(services.started())

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
