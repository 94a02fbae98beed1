"""The configuration as the rest of pruner reads it: complete, checked, frozen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pruner.config import checks, files
from pruner.config.mistakes import Where, did_you_mean, shown
from pruner.model import Policy, Value
from pruner.rules import Base, CudaBuild, Family, Soname

DEFAULT_POLICY = Policy.MINIMAL

Network = Literal["none", "services", "full"]


class HttpReady(Value, frozen=True, kw_only=True):
    """Ready when GET `http` on `port` answers with any status below 500."""

    http: str
    port: int
    timeout: float = 60


class TcpReady(Value, frozen=True, kw_only=True):
    """Ready when something accepts connections on port `tcp`."""

    tcp: int
    timeout: float = 60


class LogReady(Value, frozen=True, kw_only=True):
    """Ready when a line of output matches the regular expression `log` (re.search)."""

    log: str
    timeout: float = 60


class ExitReady(Value, frozen=True, kw_only=True):
    """An agent that ends by itself: ready when it has, with code `exit`."""

    exit: int
    timeout: float = 60


Ready = HttpReady | TcpReady | LogReady | ExitReady


class Exercise(Value, frozen=True, kw_only=True):
    """One thing that an agent is asked to do: exactly one of `http` and `run` is not None."""

    name: str
    http: str | None = None  # "POST /speak"
    run: tuple[str, ...] | None = None
    port: int | None = None  # always given with http
    json: Any = None
    body: str | None = None
    headers: dict[str, str] = {}  # noqa: RUF012
    expect: tuple[int, ...] = (200,)  # statuses, or exit codes
    contains: str | None = None
    timeout: float = 30
    traced: bool = False

    @property
    def method(self) -> str:
        """The HTTP method; "" without `http`."""
        return (self.http or "").partition(" ")[0]

    @property
    def path(self) -> str:
        """The path to ask for, query included; "" without `http`."""
        return (self.http or "").partition(" ")[2]


class Agent(Value, frozen=True, kw_only=True):
    """One process of an image: exactly one of `module` and `command` is not None."""

    name: str
    ready: Ready
    module: str | None = None
    command: tuple[str, ...] | None = None
    network: Network = "none"
    exercise: tuple[Exercise, ...] = ()
    env: dict[str, str] = {}  # noqa: RUF012
    cwd: str | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that starts the agent."""
        return self.command or ("python", "-m", self.module or "")


class Service(Value, frozen=True, kw_only=True):
    """A real server beside the agents; `image` is for docker, `local` for local."""

    image: str | None = None
    local: tuple[str, ...] | None = None
    env: dict[str, str] = {}  # noqa: RUF012
    ready: int | None = None  # the port that accepts connections once it is up
    timeout: float = 60


class Image(Value, frozen=True, kw_only=True):
    """One image. Paths are as written, relative to the root of the configuration."""

    name: str
    agents: tuple[Agent, ...]
    dockerfile: str | None = None
    context: str = "."
    target: str | None = None  # the stage of the Dockerfile that it is, None: the last
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()  # of the pyproject.toml among the requirements
    groups: tuple[str, ...] = ()  # dependency groups of it
    build_args: dict[str, str] = {}  # noqa: RUF012
    gpu: bool = False
    policy: Policy = DEFAULT_POLICY
    keep: tuple[str, ...] = ()
    use: tuple[str, ...] = ()  # requirements that settle a conflict: "opencv-python-headless"
    python: str | None = None  # "3.11"
    services: dict[str, Service] = {}  # noqa: RUF012
    memory: str = "8g"
    processes: int = 512
    budget: int | None = None  # the most bytes that it may have
    indexes: dict[str, str] = {}  # noqa: RUF012  normalised name -> the index it comes from
    ignore: tuple[str, ...] = ()  # codes that `pruner audit` does not tell of this image

    @property
    def projects(self) -> tuple[str, ...]:
        """The pyproject.toml files among the requirements."""
        return tuple(path for path in self.requirements if is_project(path))

    @property
    def memory_bytes(self) -> int:
        """The limit of memory in bytes."""
        return checks.memory(self.memory)


class Rules(Value, frozen=True, kw_only=True):
    """The user's own rows, for the functions of `pruner.rules` of these names."""

    families: tuple[Family, ...] = ()
    cuda: tuple[CudaBuild, ...] = ()
    sonames: tuple[Soname, ...] = ()
    bases: tuple[Base, ...] = ()


class Config(Value, frozen=True, kw_only=True):
    """The whole configuration; `root` is the absolute folder of its file."""

    root: Path
    source: tuple[str, ...] = (".",)
    locks: str = "locks"
    images: dict[str, Image] = {}  # noqa: RUF012
    rules: Rules = Rules()
    ignore: tuple[str, ...] = ()  # codes that `pruner audit` does not tell
    where: Where = Where()

    def locks_of(self, image: Image) -> Path:
        """Return where an image's committed results live."""
        return self.root / self.locks / image.name

    def private_of(self, image: Image) -> Path:
        """Return where an image's traces and unproven locks live; nobody commits it."""
        return self.root / ".pruner" / image.name

    def image(self, name: str) -> Image:
        """Return an image whose files are all there, or raise UsageError."""
        image = self.images.get(name)
        if image is None:
            what = f"there is no image {shown(name)}"
            raise self.where.error(what, "images", hint=_images_hint(name, self.images))
        for index, path in enumerate(self.source):
            files.require(self.where, self.root, ("project", "source", index), path, folder=True)
        key = ("images", name)
        files.require(self.where, self.root, (*key, "context"), image.context, folder=True)
        if image.dockerfile is not None:
            files.require(self.where, self.root, (*key, "dockerfile"), image.dockerfile)
        for index, path in enumerate(image.requirements):
            files.require(self.where, self.root, (*key, "requirements", index), path)
        return image


def is_project(path: str) -> bool:
    """Return whether a source of requirements is a project's own description."""
    return path.rpartition("/")[2] == "pyproject.toml"


def _images_hint(name: str, images: Mapping[str, Image]) -> str:
    return did_you_mean(name, images) if images else "`pruner init` writes a first draft"
