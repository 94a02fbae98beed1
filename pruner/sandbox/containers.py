"""Containers: made with the same walls every time, watched, and removed."""

import contextlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pruner.errors import OutsideError, PrunerError, SandboxError
from pruner.sandbox.base import OUTPUT_LIMIT, Completed, Exit
from pruner.sandbox.engine import LABEL, STORE, failing, made
from pruner.sandbox.workspace import store_id

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

GRACE = 5
"""Seconds between SIGTERM and SIGKILL."""

LOG_LINES = 200

SIGNALLED = 128

_NO_PROGRAM = re.compile(r"executable file not found|exec: .*no such file or directory")


class Mount:
    """A folder or file of the host, seen in a container."""

    def __init__(self, source: Path, target: str, *, writable: bool = False) -> None:
        self.source = source
        self.target = target
        self.writable = writable

    def option(self) -> dict[str, str]:
        """Return it as the docker library takes it."""
        return {"bind": self.target, "mode": "rw" if self.writable else "ro"}


def walls(mounts: Sequence[Mount], memory: int, processes: int) -> dict[str, Any]:
    """Return the options that isolate a container; nothing starts without them."""
    return {
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "read_only": True,
        "tmpfs": {"/tmp": "rw,exec,mode=1777"},  # noqa: S108  a fresh one in every container
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": processes,
        "volumes": {str(mount.source): mount.option() for mount in mounts},
        "detach": True,
    }


class NoProgramError(OutsideError):
    """An image that does not have the program that was to be started."""


@contextmanager
def started(
    client: "DockerClient", image: str, command: Sequence[str] | None, options: Mapping[str, Any]
) -> Iterator["Container"]:
    """Start a container and remove it on every way out."""
    words = None if command is None else list(command)
    with made(
        lambda: client.containers.create(image, words, **options),
        lambda container: container.remove(force=True, v=True),
        f"a container of {image}",
    ) as container:
        try:
            with failing(f"cannot start a container of {image}"):
                container.start()
        except OutsideError as error:
            if words and _NO_PROGRAM.search(error.message):
                raise NoProgramError(error.message, hint=error.hint) from error
            raise
        yield container


def labelled(run: str) -> dict[str, str]:
    """Return the labels by which gc finds what a run has left."""
    return {LABEL: run, STORE: store_id()}


def run_to_end(container: "Container", argv: Sequence[str], timeout: float) -> Completed:
    """Wait for a container to end and return what it printed; code None when time is over."""
    from requests.exceptions import ConnectionError as Broken  # noqa: PLC0415
    from requests.exceptions import ReadTimeout  # noqa: PLC0415

    code: int | None = None
    with failing("a container cannot be read"):
        with contextlib.suppress(ReadTimeout, Broken):
            code = container.wait(timeout=timeout)["StatusCode"]
        return Completed(
            argv=tuple(argv),
            code=code,
            stdout=_printed(container),
            stderr=container.logs(stdout=False, stderr=True, tail=LOG_LINES),
        )


def _printed(container: "Container") -> bytes:
    """Return what a container has printed, bounded."""
    held = bytearray()
    stream = container.logs(stdout=True, stderr=False, stream=True, follow=False)
    with contextlib.closing(stream):
        for chunk in stream:
            held += chunk
            if len(held) > OUTPUT_LIMIT:
                what = f"printed more than {OUTPUT_LIMIT} bytes"
                raise SandboxError(f"a command in the container {what}")
    return bytes(held)


def run_beside(
    container: "Container", argv: Sequence[str], env: Mapping[str, str], timeout: float
) -> Completed:
    """Run a command in a running container; it is left behind, and dies with it, if it hangs."""
    done: list[Completed | BaseException] = []
    worker = threading.Thread(
        target=lambda: done.append(_exec(container, argv, env)), daemon=True, name="docker-exec"
    )
    worker.start()
    worker.join(timeout)
    if not done:
        return Completed(argv=tuple(argv), code=None, stdout=b"", stderr=b"")
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def _exec(
    container: "Container", argv: Sequence[str], env: Mapping[str, str]
) -> Completed | PrunerError:
    api = container.client.api if container.client else None
    assert api is not None  # noqa: S101  a container that came from a client has one
    streams: tuple[list[bytes], list[bytes]] = ([], [])
    held = 0
    try:
        with failing("a command in the container cannot be run"):
            key = api.exec_create(container.id, list(argv), environment=dict(env))["Id"]
            for pair in api.exec_start(key, stream=True, demux=True):
                for stream, chunk in zip(streams, pair, strict=True):
                    held += len(chunk or b"")
                    if held > OUTPUT_LIMIT:
                        return SandboxError("a command in the container printed too much")
                    if chunk:
                        stream.append(chunk)
            code = api.exec_inspect(key)["ExitCode"]
    except PrunerError as error:
        return error
    out, err = (b"".join(stream) for stream in streams)
    return Completed(argv=tuple(argv), code=code, stdout=out, stderr=err)


def ended(container: "Container") -> Exit | None:
    """Return how a container ended, or None while it runs."""
    with failing("the engine does not say how the agent is"):
        container.reload()
    state = container.attrs["State"]
    if state["Running"]:
        return None
    code = int(state["ExitCode"])
    signalled = code > SIGNALLED  # as a shell spells it; elsewhere a signal is negative
    return Exit(
        code=SIGNALLED - code if signalled else code, out_of_memory=bool(state["OOMKilled"])
    )


def stop(container: "Container", grace: int) -> Exit:
    """End a container, politely first where there is grace."""
    with failing("the engine does not stop the agent"):
        container.stop(timeout=grace)
    return ended(container) or Exit(code=-9)
