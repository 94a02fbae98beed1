"""One agent of the local sandbox, and the services beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pruner.sandbox.base import Completed, Exit
from pruner.sandbox.supervised import Supervised, tail

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

AT_ONCE = 0.2
"""Seconds in which a service that cannot start has ended."""


class LocalSession:
    """One agent, its services and what is run beside it, under one supervisor."""

    def __init__(
        self, supervised: Supervised, tools: Path, env: Mapping[str, str], cwd: Path
    ) -> None:
        self._supervised = supervised
        self._tools = tools
        self._env = dict(env)
        self._cwd = cwd
        self._key = 0

    @property
    def events(self) -> Path:
        """The tracer's output folder."""
        return self._tools / "out"

    @property
    def lines(self) -> Path:
        """The folder with the lines that were run."""
        return self._tools / "lines"

    @property
    def tools(self) -> str:
        """The tracers' folder."""
        return str(self._tools)

    def begin(self, argv: Sequence[str]) -> None:
        """Start the agent itself."""
        self._key = self._supervised.start(argv, self._env, self._cwd)

    def serve(self, argv: Sequence[str], env: Mapping[str, str]) -> int:
        """Start a service, in a folder that it may write to."""
        variables = {**self._env, "PRUNER_TRACER": "off", **env}
        return self._supervised.start(argv, variables, Path("/tmp"))  # noqa: S108  the sandbox's own

    def gone(self, key: int) -> bool:
        """Return whether a service has ended as soon as it was started."""
        return self._supervised.wait(key, AT_ONCE) is not None

    def said(self, key: int) -> str:
        """Return what a command printed, errors last."""
        return tail(self._supervised.output(key)) + tail(self._supervised.errors(key))

    def run(self, argv: Sequence[str], *, timeout: float, traced: bool = False) -> Completed:
        """Run a command beside the agent."""
        env = self._env if traced else {**self._env, "PRUNER_TRACER": "off"}
        return self._supervised.run(argv, env, self._cwd, timeout)

    def ended(self) -> Exit | None:
        """Return how the agent ended, or None."""
        return self._supervised.ended(self._key)

    def log(self) -> str:
        """Return what the agent printed."""
        return self.said(self._key)

    def stop(self, *, politely: bool) -> Exit:
        """End the agent, which is never process 1 here and so hears SIGTERM."""
        del politely
        return self._supervised.stop(self._key, GRACE)
