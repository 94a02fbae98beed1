"""One agent of the docker sandbox, in its container."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pruner.sandbox import containers, engine
from pruner.sandbox.base import Completed, Exit

if TYPE_CHECKING:
    from docker.models.containers import Container

TOOLS = "/pruner"


class DockerSession:
    """One agent in its container."""

    def __init__(self, container: "Container", tools: Path) -> None:
        self._container = container
        self._tools = tools

    @property
    def events(self) -> Path:
        """The tracer's output folder, on the host."""
        return self._tools / "out"

    @property
    def lines(self) -> Path:
        """The folder with the lines that were run, on the host."""
        return self._tools / "lines"

    @property
    def tools(self) -> str:
        """Where the tracers are seen in the container."""
        return TOOLS

    def run(self, argv: Sequence[str], *, timeout: float, traced: bool = False) -> Completed:
        """Run a command beside the agent."""
        env = {} if traced else {"PRUNER_TRACER": "off"}
        return containers.run_beside(self._container, argv, env, timeout)

    def ended(self) -> Exit | None:
        """Return how the agent ended, or None."""
        return containers.ended(self._container)

    def log(self) -> str:
        """Return what the agent printed last."""
        with engine.failing("the agent's log cannot be read"):
            text: bytes = self._container.logs(tail=containers.LOG_LINES)
        return text.decode("utf-8", "replace")

    def stop(self, *, politely: bool) -> Exit:
        """End the agent."""
        return containers.stop(self._container, containers.GRACE if politely else 0)
