"""The one place that picks a sandbox, and says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pruner.errors import PrunerError
from pruner.model import Value
from pruner.sandbox import bubblewrap, engine
from pruner.sandbox.base import Sandbox
from pruner.sandbox.docker import DockerSandbox
from pruner.sandbox.local import LocalSandbox
from pruner.sandbox.workspace import workspace


class Choice(Value, frozen=True):
    """Which sandbox was taken, why, and what a person should know about it."""

    runtime: str
    why: str
    warning: str = ""


NOT_ISOLATED = (
    "bubblewrap is missing or may not make namespaces: agents run as plain processes, which are"
    " not isolated from this machine"
)


@contextmanager
def choose(runtime: str, root: Path) -> Iterator[tuple[Sandbox, Choice]]:
    """Open the sandbox that was asked for; "auto" takes docker where its engine answers."""
    client = None
    why = "as asked"
    if runtime != "local":
        try:
            client = engine.connect()
        except PrunerError as error:
            if runtime == "docker":
                raise
            why = error.message
        else:
            why = why if runtime == "docker" else "its engine answers"
    with workspace() as place:
        if client is not None:
            sandbox = DockerSandbox(root, place, client)
            try:
                yield sandbox, Choice(runtime="docker", why=why)
            finally:
                sandbox.close()
                client.close()
        else:
            warning = "" if bubblewrap.executable() else NOT_ISOLATED
            choice = Choice(runtime="local", why=why, warning=warning)
            yield LocalSandbox(root, place), choice
