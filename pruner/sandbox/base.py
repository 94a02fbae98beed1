"""The protocol of a sandbox, from the outside in: Sandbox, Environment, Session.

A `Sandbox` prepares environments; an `Environment` is what agents run in (an image, or a virtual
environment); a `Session` is one agent that was started there. All three are context managers or
come from one, and leave nothing behind on any path out.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pruner.config import Agent, Image
from pruner.document import BaseImage
from pruner.model import Value
from pruner.sandbox.building import Built, Source
from pruner.urls import without_credentials

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Servers live in sbin."""

OUTPUT_LIMIT = 256 * 1024 * 1024
"""Bytes that one command in a sandbox may print before it counts as broken."""


class Completed(Value, frozen=True):
    """A command that ended in a sandbox; `code` is None where it ran out of time."""

    argv: tuple[str, ...]
    code: int | None
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> str:
        """What it printed last, on one line, for an error message."""
        return last_line(self.stderr) or last_line(self.stdout) or "it printed nothing"


class Exit(Value, frozen=True):
    """How an agent ended: its exit code (negative: a signal), and whether memory ran out."""

    code: int
    out_of_memory: bool = False


class Measure(Value, frozen=True):
    """An order to record which first-party lines a run of an agent executes.

    `library` is a folder of the host with a copy of coverage.py that fits the interpreter,
    `sources` are the folders to measure, as the sandbox sees them.
    """

    library: Path
    sources: tuple[str, ...]


class LockFiles(Value, frozen=True):
    """A lock to install: a requirements.txt as uv reads it, credentials included.

    `constraints` pins what builds releases without a wheel; "" where nothing has to be built. `own`
    are the image's own projects, which are installed beside it: key -> folder in the project.
    """

    requirements: str
    constraints: str = ""
    own: dict[str, str] = {}  # noqa: RUF012

    @property
    def pins(self) -> int:
        """How many distributions it pins."""
        return sum(line[:1].isalnum() for line in self.requirements.splitlines())


class Base(Value, frozen=True):
    """The image that an image stands on, and the Debian packages in it."""

    image: BaseImage
    packages: frozenset[str]


class Session(Protocol):
    """One agent, started in an environment with the tracer in it."""

    @property
    def events(self) -> Path:
        """The folder, on the host, that the tracer writes to."""
        ...

    @property
    def lines(self) -> Path:
        """The folder, on the host, with the lines that were run; there only where measured."""
        ...

    @property
    def tools(self) -> str:
        """The folder, in the sandbox, that holds the tracers."""
        ...

    def run(self, argv: Sequence[str], *, timeout: float, traced: bool = False) -> Completed:
        """Run a command beside the agent, in its namespaces and its environment variables."""
        ...

    def ended(self) -> Exit | None:
        """Return how the agent ended, or None while it runs."""
        ...

    def log(self) -> str:
        """Return what the agent has printed so far, both streams, the last part if it is long."""
        ...

    def stop(self, *, politely: bool) -> Exit:
        """Ask the agent to end (SIGTERM), make it end (SIGKILL), and say how it did.

        Where process 1 is the agent and deaf to SIGTERM, not `politely` saves the wait.
        """
        ...


class Environment(Protocol):
    """One prepared environment: what agents run in."""

    @property
    def python(self) -> str:
        """The interpreter, in the sandbox, that agents run with."""
        ...

    @property
    def tools(self) -> str:
        """The folder, in the sandbox, that holds the tracers."""
        ...

    @property
    def desk(self) -> Path:
        """The same folder on the host: what is put there is seen inside, `out` is written to."""
        ...

    def run(self, argv: Sequence[str], *, timeout: float, gpu: bool = False) -> Completed:
        """Run one command in a throwaway sandbox of this environment; no network, not traced.

        With `gpu` it gets the GPU that agents get, where their image asks for one.
        """
        ...

    def start(
        self, agent: Agent, measure: Measure | None = None
    ) -> AbstractContextManager[Session]:
        """Start an agent, its services first, with the tracer in its interpreter.

        With `measure`, the lines that it runs are recorded too.
        """
        ...


class Sandbox(Protocol):
    """A way to run agents: prepares environments and removes them."""

    @property
    def name(self) -> str:
        """Either "docker" or "local", as reports spell it."""
        ...

    def original(self, image: Image) -> AbstractContextManager[Environment]:
        """Prepare what is deployed today: the Dockerfile's image, or the requirements."""
        ...

    def locked(self, image: Image, lock: LockFiles) -> AbstractContextManager[Environment]:
        """Prepare an environment that holds what a lock pins, and no more."""
        ...

    def base(self, image: Image) -> Base | None:
        """Return what an image stands on; None where no image is looked at, or it is not there."""
        ...

    def build(
        self, image: Image, source: Source, constraints: str, before: datetime | None
    ) -> Built:
        """Build a release without a wheel from nothing, for the image's interpreter.

        What builds it is bound by `constraints` (text of a file; hashes are checked), and is not
        newer than `before`.
        """
        ...


def last_line(text: bytes | str) -> str:
    """Return the last line that says something, without control characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    for line in reversed(text.splitlines()):
        clean = "".join(char for char in line if char.isprintable()).strip()
        if clean:
            return without_credentials(clean)[:300]  # a cut URL would no longer be one
    return ""


def passed_through(environ: Mapping[str, str]) -> dict[str, str]:
    """Pick the variables that decide how an index is reached: proxies, certificates, uv's own."""
    wanted = ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "ssl_cert_file")
    return {
        name: value
        for name, value in environ.items()
        if name.lower() in wanted or name.startswith(("UV_INDEX", "UV_DEFAULT_INDEX", "UV_NATIVE"))
    }
