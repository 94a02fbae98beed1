"""Talking to a Docker engine (or Podman's socket): one client, and errors that a person can use."""

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pruner.errors import OutsideError, PrunerError
from pruner.sandbox.base import last_line

if TYPE_CHECKING:
    from docker import DockerClient

T = TypeVar("T")

LABEL = "dev.pruner.run"
"""The label on everything that pruner makes in an engine; its value is the workspace's id."""
STORE = "dev.pruner.store"
"""The label beside it, of the store that the workspace lies in."""

TIMEOUT = 60
"""Seconds for one answer of the engine."""

BUILD_TIMEOUT = 3600.0

WATCH = 2.0
"""Seconds between two looks at the engine's disk."""
LEAST_ROOM = 1_000_000_000
"""Bytes that a build leaves free."""

DISK = "`docker system df` says what lies on it; `docker builder prune` clears its cache"

CANCEL_TIMEOUT = 10.0
"""Seconds for a build to end when it is told to."""

BUILDKIT_INSIDE = range(18, 23)
"""Major versions of the docker client that have BuildKit in them."""

START_HINT = "start it (on bare Debian: scripts/engine up), or use --runtime local"


def connect(hint: str = START_HINT) -> "DockerClient":
    """Return a client whose engine answers; OutsideError where none does."""
    import docker  # noqa: PLC0415  slow to import, and `--help` needs none

    with failing("no Docker engine answers", hint=hint):
        client = docker.from_env(timeout=TIMEOUT)
        client.ping()
    return client


@contextmanager
def failing(what: str, hint: str | None = None) -> Iterator[None]:
    """Turn whatever the docker library raises into one clear line about `what`."""
    from docker.errors import DockerException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        yield
    except DockerException as error:
        said = last_line(getattr(error, "explanation", None) or str(error))
        if "no space left" in said:
            hint = "the engine's disk is full: `docker system df` says what lies on it"
        raise OutsideError(f"{what}: {said}", hint=hint) from error
    except (RequestException, ConnectionError) as error:
        raise OutsideError(
            f"{what}: the engine stopped answering ({type(error).__name__})",
            hint="see whether the engine still runs, then `pruner gc` removes what is left",
        ) from error


@contextmanager
def made(make: Callable[[], T], remove: Callable[[T], object], what: str) -> Iterator[T]:
    """Have the engine make something, and remove it on every way out.

    It is asked in a thread, where no signal arrives: an interrupt between the engine's making it
    and its answer would leave something behind that nobody knows of.
    """
    results: list[T | BaseException] = []

    def attempt() -> None:
        try:
            results.append(make())
        except BaseException as error:  # noqa: BLE001  it is raised where it was asked for
            results.append(error)

    worker = threading.Thread(target=attempt, daemon=True, name="engine")
    worker.start()
    try:
        with failing(f"cannot make {what}"):
            worker.join()
            result = results[0]
            if isinstance(result, BaseException):
                raise result
        yield result
    finally:
        worker.join(TIMEOUT)
        for item in results:
            if not isinstance(item, BaseException):
                with suppress(PrunerError), failing(f"cannot remove {what}"):
                    remove(item)


class BuildError(OutsideError):
    """A build that failed by what is in it; `lines` are the last that it printed."""

    def __init__(self, message: str, lines: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.lines = tuple(lines)


def build(  # noqa: PLR0913  what `docker build` takes, by name
    dockerfile: Path,
    context: Path,
    tag: str,
    *,
    args: dict[str, str],
    labels: dict[str, str],
    target: str | None = None,
    fresh: bool = False,
    room: Callable[[], int | None] = lambda: None,
) -> None:
    """Build an image with BuildKit, which the docker library cannot do, by the docker command.

    `target` is the stage that is built, None the last; `fresh`: whatever is in the cache. `room`
    tells the bytes that are free on the engine's disk: a build ends before they are gone, since a
    full disk stops more than this. Raises BuildError where a step fails, OutsideError else.
    """
    argv = [builder(), "build", "--file", str(dockerfile), "--tag", tag]
    argv += ["--target", target] if target is not None else []
    argv += ["--no-cache"] if fresh else []
    hidden = {name: value for name, value in args.items() if _is_free(name)}
    for name, value in args.items():
        argv += ["--build-arg", name if name in hidden else f"{name}={value}"]
    for name, value in labels.items():
        argv += ["--label", f"{name}={value}"]
    _run_build([*argv, str(context)], dockerfile, hidden, room)


def _is_free(name: str) -> bool:
    """Return whether a build argument can reach the client by its environment.

    There its value, which may be a secret, is not in the list of processes.
    """
    return name not in os.environ and not name.startswith(("DOCKER", "BUILD", "CONTAINER"))


def builder() -> str:
    """Return the first command on PATH that builds with BuildKit.

    A docker client has BuildKit in it up to version 22; a later one needs the buildx component,
    and refuses to build without it. Podman's own builder does what BuildKit does.
    """
    for folder in os.get_exec_path():
        program = shutil.which("docker", path=folder)
        if program and _builds(program):
            return program
    podman = shutil.which("podman")
    if podman is None:
        raise OutsideError(
            "no docker command here builds with BuildKit", hint="install docker-buildx"
        )
    return podman


def _builds(program: str) -> bool:
    def answer(*argv: str) -> str | None:
        try:
            done = subprocess.run(
                [program, *argv], capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    if answer("buildx", "version") is not None:
        return True
    version = re.search(r"version (\d+)\.", answer("--version") or "")
    return version is not None and int(version[1]) in BUILDKIT_INSIDE


def _run_build(
    argv: Sequence[str],
    dockerfile: Path,
    args: Mapping[str, str],
    room: Callable[[], int | None],
) -> None:
    env = {**os.environ, **args, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdout=pipe, stderr=pipe, env=env) as process:
        try:
            errors = _watched(process, dockerfile, room)
        except BaseException:
            _cancel(process)
            raise
    if process.returncode != 0:
        text = errors.decode("utf-8", "replace")
        said, hint = _why(text)
        message = f"{dockerfile}: the build failed: {said}"
        if hint is not BY_HAND:
            raise OutsideError(message, hint=hint)
        lines = [last_line(line) for line in text.splitlines() if line.strip()]
        raise BuildError(message, lines[-MOST_LINES:], hint=hint)


def _watched(
    process: "subprocess.Popen[bytes]", dockerfile: Path, room: Callable[[], int | None]
) -> bytes:
    """Wait for a build and return what it printed; OutsideError where time or room run out."""
    ends = time.monotonic() + BUILD_TIMEOUT
    while time.monotonic() < ends:
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=WATCH)[1]
        free = room()
        if free is not None and free < LEAST_ROOM:
            what = f"the build was ended, {free / 1e9:.1f} GB are left on the engine's disk"
            raise OutsideError(f"{dockerfile}: {what}", hint=DISK)
    hint = "build it once by hand: what the engine then keeps is not built again"
    what = f"{dockerfile}: the build was not done after {BUILD_TIMEOUT:.0f} s"
    raise OutsideError(what, hint=hint)


def _cancel(process: "subprocess.Popen[bytes]") -> None:
    """End a build in order: where its client is killed, the engine may go on and make the image."""
    process.terminate()
    try:
        process.communicate(timeout=CANCEL_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()


BY_HAND = "run `docker build` by hand to see it all"
MOST_LINES = 12
"""Lines of a failed build that are told."""

UNPULLED = ("failed to resolve source metadata", "pull access", "failed to do request: Head")


def _why(text: str) -> tuple[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "error" in line.lower()]
    said = last_line(told[-1] if told else "\n".join(lines))
    if any("no space left" in line.lower() for line in lines):
        return "no space left on the engine's disk", "`docker system df` says what lies on it"
    if any(text in line for line in lines for text in UNPULLED):
        return said, "the base image cannot be pulled: scripts/base-image makes a stand-in"
    errors = [line for line in told if "ERROR:" in line and "process " not in line]
    return (last_line(errors[-1]) if errors else said), BY_HAND


def free_bytes(client: "DockerClient") -> int | None:
    """Return the bytes that are free where an engine keeps images; None if that is elsewhere."""
    with failing("the engine does not say where it keeps images"):
        folder = client.info().get("DockerRootDir")
    try:
        return shutil.disk_usage(folder).free if folder else None
    except OSError:
        return None


def certificates() -> Path | None:
    """Return the host's bundle of certificate authorities, which an index may need."""
    chosen = os.environ.get("SSL_CERT_FILE")
    known = [Path(chosen)] if chosen else []
    known += [Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt")]
    return next((path for path in known if path.is_file()), None)
