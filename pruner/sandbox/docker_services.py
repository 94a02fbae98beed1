"""The services beside an agent of the docker sandbox: containers on a network of their own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from pruner.config import Image, Service
from pruner.errors import OutsideError
from pruner.sandbox import containers, engine
from pruner.sandbox.base import Completed, last_line
from pruner.sandbox.containers import labelled
from pruner.sandbox.docker_session import TOOLS
from pruner.sandbox.probes import NOT_READY, Answer, ask, probe
from pruner.sandbox.workspace import Workspace

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.networks import Network


class Runner(Protocol):
    """What runs commands on a network that services are on."""

    @property
    def python(self) -> str:
        """An interpreter."""

    def run_on(self, network: str, argv: Sequence[str], timeout: float) -> Completed:
        """Run one command in a throwaway container on a network."""


class DockerServices:
    """The services of an image, whose names are those that agents find them by."""

    def __init__(
        self, client: "DockerClient", workspace: Workspace, image: Image, environment: Runner
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._image = image
        self._environment = environment

    @contextmanager
    def started(self) -> Iterator[str]:
        """Start all of them, and yield the name of the network that they are on."""
        with ExitStack() as stack:
            network = stack.enter_context(self._internal())
            for name, service in self._image.services.items():
                self._serve(name, service, network, stack)
            yield str(network.name)

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
        place = _On(self._environment, str(network.name))
        answer = ask(place, probe(self._environment.python, TOOLS), order, Answer)
        if not answer.ok:
            with engine.failing(f"{where} cannot be read"):
                said = last_line(container.logs(tail=5)) or answer.detail
            what = f"{where}: {service.image} is not there: {said}"
            raise OutsideError(what, hint=NOT_READY)

    def _pull(self, name: str, where: str) -> None:
        from docker.errors import ImageNotFound  # noqa: PLC0415

        hint = "the image cannot be pulled: scripts/base-image makes a stand-in"
        with engine.failing(f"{where}.image", hint=hint):
            try:
                self._client.images.get(name)
            except ImageNotFound:
                self._client.images.pull(name)


class _On:
    """The same environment, with a network."""

    def __init__(self, environment: Runner, network: str) -> None:
        self._environment = environment
        self._network = network

    def run(self, argv: Sequence[str], *, timeout: float) -> Completed:
        """Run one command in a throwaway container on that network."""
        return self._environment.run_on(self._network, argv, timeout)
