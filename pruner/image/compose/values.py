"""Services of compose files, as frozen values."""

from pruner.model import Value


class Build(Value, frozen=True, kw_only=True):
    """How a service is built: paths relative to the tree."""

    context: str
    dockerfile: str
    args: dict[str, str] = {}  # noqa: RUF012
    target: str | None = None  # the stage that it is, None: the last


class Service(Value, frozen=True, kw_only=True):
    """One service; None is what the file does not say, and the image does."""

    name: str
    file: str
    line: int
    build: Build | None = None
    image: str | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    env: dict[str, str] = {}  # noqa: RUF012  those of its env files first
    ports: tuple[int, ...] = ()  # in the container
    healthcheck: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    workdir: str | None = None
    gpu: bool = False

    @property
    def where(self) -> str:
        """The place in the file."""
        return f"{self.file}:{self.line}"


class Compose(Value, frozen=True, kw_only=True):
    """The services of one application, and what could not be read."""

    services: dict[str, Service]
    included: tuple[str, ...] = ()  # files that are read as parts of it
    warnings: tuple[str, ...] = ()
