"""What an audit looks at, as frozen values; nothing here opens a file."""

from pruner.document import Document
from pruner.image.instructions import Instruction
from pruner.image.values import Dockerfile
from pruner.model import Finding, Value
from pruner.requirements.values import Requirements
from pruner.rules import Base


class Step(Value, frozen=True, kw_only=True):
    """An instruction, the stage that it stands in, and the variables that are set before it."""

    instruction: Instruction
    stage: int
    variables: dict[str, str] = {}  # noqa: RUF012
    workdir: str = "/"

    @property
    def line(self) -> int:
        """The first line of it, from 1."""
        return self.instruction.line


class Source(Value, frozen=True, kw_only=True):
    """A Dockerfile, read: `file` is its name in findings."""

    file: str
    lines: tuple[str, ...]
    dockerfile: Dockerfile
    steps: tuple[Step, ...]

    @property
    def chain(self) -> tuple[int, ...]:
        """The stages that the last one is made of, itself included, the first one first."""
        found, at = [], len(self.dockerfile.stages) - 1
        while True:
            found.append(at)
            parent = self.dockerfile.stages[at].parent
            if parent is None:
                return tuple(reversed(found))
            at = parent

    @property
    def final(self) -> tuple[Step, ...]:
        """The instructions whose results are in the image."""
        chain = self.chain
        return tuple(step for step in self.steps if step.stage in chain)

    def of(self, *names: str) -> tuple[Step, ...]:
        """Return the final steps of these instructions."""
        return tuple(step for step in self.final if step.instruction.name in names)

    def where(self, line: int) -> str:
        """Return a place in this file."""
        return f"{self.file}:{line}"


class Layer(Value, frozen=True, kw_only=True):
    """A layer of a built image, and the line of the Dockerfile that made it."""

    created_by: str
    size_bytes: int
    line: int | None = None  # None: of the base
    caches: dict[str, int] = {}  # noqa: RUF012  what of caches.toml -> bytes
    weights: dict[str, int] = {}  # noqa: RUF012  path -> bytes
    compressed_bytes: int = 0  # as a registry has it; 0 where it was not weighed


class Debian(Value, frozen=True, kw_only=True):
    """A Debian package of a built image, and the names of those that it needs or recommends."""

    size_bytes: int  # Installed-Size
    needs: tuple[str, ...] = ()
    base: bool = False


class Built(Value, frozen=True, kw_only=True):
    """A built image as the engine has it."""

    tag: str
    size_bytes: int
    layers: tuple[Layer, ...]
    packages: dict[str, Debian] = {}  # noqa: RUF012

    def at(self, line: int) -> Layer | None:
        """Return the layer that a line has made."""
        return next((layer for layer in self.layers if layer.line == line), None)


class Context(Value, frozen=True, kw_only=True):
    """The build context as the builder would send it."""

    files: dict[str, int]  # path -> bytes, of what .dockerignore lets through
    ignored: frozenset[str] = frozenset()  # paths that it leaves out
    ignore_file: str | None = None  # where it stands
    unread: tuple[str, ...] = ()  # folders that could not be listed
    bad: tuple[tuple[int, str], ...] = ()  # lines of .dockerignore that are no patterns


class Facts(Value, frozen=True, kw_only=True):
    """Everything that is known of one image; None is what is not known."""

    image: str
    gpu: bool = False
    source: Source | None = None
    context: Context | None = None
    requirements: Requirements | None = None
    document: Document | None = None  # the committed verdicts
    built: Built | None = None
    bases: tuple[Base, ...] = ()  # the user's own rows


class Ignored(Value, frozen=True):
    """A finding that somebody has decided to live with."""

    finding: Finding
    by: str  # the comment's place, or the key of the configuration
    reason: str = ""


class Sizes(Value, frozen=True):
    """Bytes of an image and of its context; None is what is not known."""

    image: int | None = None
    context: int | None = None  # what a build sends
    context_after: int | None = None  # with the .dockerignore that is proposed


class ImageAudit(Value, frozen=True, kw_only=True):
    """What was found of one image, the largest first."""

    image: str
    dockerfile: str | None
    base: str | None
    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...] = ()
    size_bytes: Sizes = Sizes()
    dockerignore: tuple[str, ...] = ()  # the lines that are proposed


class Audits(Value, frozen=True):
    """What `pruner audit --json` prints."""

    schema: int
    images: tuple[ImageAudit, ...]
