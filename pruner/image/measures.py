"""What was measured of an image that was built, as frozen values; bytes and seconds throughout."""

from pruner.analysis.remains import Rest
from pruner.document import SCHEMA, AgentReport, GpuReport, ProofReport
from pruner.model import Value


class Start(Value, frozen=True):
    """How an agent started in an image, several times."""

    agent: str
    ready_seconds: float  # the fastest start
    memory_bytes: int  # resident, of all its processes, when it was ready: the median


class Measure(Value, frozen=True):
    """One image as the engine has it."""

    size_bytes: int  # on disk, all layers
    compressed_bytes: int  # what a registry moves: each layer through gzip
    layers: int
    context_bytes: int  # of the build context, less what its ignore file leaves out
    build_seconds: float | None  # with no layer in the cache, None: not built so
    again_seconds: float  # with every layer in the cache
    cache_bytes: int = 0  # of what installers left behind, in all its layers
    debian_bytes: int | None = None  # Installed-Size of the packages that its base has not
    starts: tuple[Start, ...] = ()


class BuildReport(Value, frozen=True, kw_only=True):
    """What `pruner build` measured and proved."""

    image: str
    base_bytes: int | None  # of the image that the minimal one stands on, None: not known
    original: Measure
    minimal: Measure
    proof: ProofReport
    agents: tuple[AgentReport, ...] = ()  # in the minimal image
    gpu: GpuReport | None = None  # what libraries said in the minimal image
    rest: tuple[Rest, ...] = ()  # the largest first
    kept: str | None = None  # the tag under which the minimal image stays
    schema: int = SCHEMA

    @property
    def ratio(self) -> float:
        """Which part of the original's bytes the minimal image has."""
        return self.minimal.size_bytes / max(1, self.original.size_bytes)
