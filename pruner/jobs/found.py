"""What `pruner init` finds in a tree, as frozen values; paths are relative to it."""

from pruner.image.dockerfile import Dockerfile
from pruner.model import Value


class Start(Value, frozen=True, kw_only=True):
    """One command that an image is run with; `where` says who says so."""

    argv: tuple[str, ...]
    where: str
    name: str | None = None
    env: dict[str, str] = {}  # noqa: RUF012  secrets are still in it
    ports: tuple[int, ...] = ()
    healthcheck: tuple[str, ...] = ()
    beside: bool = False  # servers have to be there


class Beside(Value, frozen=True, kw_only=True):
    """A server that agents of an image talk to."""

    name: str
    image: str
    where: str
    env: dict[str, str] = {}  # noqa: RUF012  secrets are still in it
    port: int | None = None
    port_from: str = ""
    local: tuple[str, ...] = ()


class Found(Value, frozen=True, kw_only=True):
    """One image of the tree."""

    name: str
    path: str | None  # of the Dockerfile
    dockerfile: Dockerfile | None = None
    context: str = "."
    target: str | None = None  # the stage of the Dockerfile
    build_args: dict[str, str] = {}  # noqa: RUF012
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    python: str | None = None
    python_from: str = ""
    gpu: bool = False
    gpu_from: str = ""
    scripts: dict[str, str] = {}  # noqa: RUF012  console scripts of its project
    starts: tuple[Start, ...] = ()
    beside: tuple[Beside, ...] = ()


class Survey(Value, frozen=True, kw_only=True):
    """What was found, and what could not be read."""

    images: tuple[Found, ...]
    source: tuple[str, ...]
    warnings: tuple[str, ...] = ()
