"""What a Dockerfile of pruner's says, as frozen values."""

from pruner.model import Value


class Shared(Value, frozen=True):
    """Pins that several images install in a layer of their own, so that it is there once."""

    name: str  # "gpu"
    images: tuple[str, ...]
    requirements: str  # path from the root of the project
    pins: int
    size_bytes: int
    saved_bytes: int  # by one layer instead of one in each image
    python: str = "python3"
    pip: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()  # of the pins, those that the base has in a version of its own


class Health(Value, frozen=True):
    """A command that asks an agent how it is, and the seconds that it has to start."""

    argv: tuple[str, ...]
    start_seconds: int = 0


class Own(Value, frozen=True):
    """A project of the image's own that it installs: no lock can pin it.

    Paths are relative to the root of the project that pruner.toml lies in; `files` and `folders`
    are what a build of it reads.
    """

    name: str
    folder: str
    files: tuple[str, ...]
    folders: tuple[str, ...]


class Recipe(Value, frozen=True):
    """All that the Dockerfile of a lock says. Paths are relative to the root of the project."""

    image: str
    base: str  # with its digest, where that is known
    requirements: str
    constraints: str | None = None  # what builds releases that have no wheel
    own: tuple[Own, ...] = ()
    guard: tuple[str, ...] = ()  # what tells in production of what was left out
    python: str = "python3"  # what installs
    venv: str | None = None  # the virtual environment that the original has
    shared: Shared | None = None
    builds: tuple[str, ...] = ()  # Debian packages of the builder
    packages: tuple[str, ...] = ()  # Debian packages of the last stage
    replaced: tuple[str, ...] = ()  # pins that the base has in a version of its own
    remarks: tuple[str, ...] = ()  # what a reader has to know
    unseen: bool = False  # nobody has looked at the image: `packages` are those of the original
    gpu: bool = False  # a GPU is asked for, and the base does not ask for it
    before: tuple[str, ...] = ()  # stages of the original
    steps: tuple[str, ...] = ()  # of the original's last stage, as they are to stand here
    code: tuple[str, ...] = ()  # absolute paths of first-party code
    start: tuple[str, ...] = ()  # ENTRYPOINT and CMD
    user: str | None = None  # that of the original, where it is not root
    health: Health | None = None
    pip: tuple[str, ...] = ()  # variables of the original that pip reads

    @property
    def ground(self) -> str:
        """The argument that names what the builder and the last stage stand on."""
        return "SHARED_BASE" if self.shared is not None else "BASE_IMAGE"

    @property
    def interpreter(self) -> str:
        """The interpreter of the last stage."""
        return f"{self.venv}/bin/python" if self.venv is not None else self.python
