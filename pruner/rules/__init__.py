"""What must be known rather than found, as data: TOML rows, each with a source and a date."""

from pruner.rules.bases import (
    Base,
    BaseName,
    BaseTag,
    Contents,
    base_names,
    base_tag,
    bases,
    expanded,
    parsed,
    told,
)
from pruner.rules.conflicts import (
    Consequence,
    CudaBuild,
    Family,
    Feed,
    Kind,
    Member,
    OptionalLibrary,
    Soname,
    consequences,
    cuda_builds,
    families,
    feeds,
    optional_libraries,
    sonames,
)
from pruner.rules.gpu import Answer, GpuCheck, GpuName, gpu_checks, gpu_names
from pruner.rules.images import (
    BuildTool,
    Cache,
    CudaWheel,
    Junk,
    LargeBase,
    Weights,
    build_tools,
    caches,
    cuda_wheels,
    is_build_tool,
    junk,
    large_bases,
    weights,
)
from pruner.rules.reading import Rule, rows
from pruner.rules.slim import Slim, slim_packages

__all__ = [
    "Answer",
    "Base",
    "BaseName",
    "BaseTag",
    "BuildTool",
    "Cache",
    "Consequence",
    "Contents",
    "CudaBuild",
    "CudaWheel",
    "DefaultDriver",
    "Family",
    "Feed",
    "GpuCheck",
    "GpuName",
    "Junk",
    "Kind",
    "LargeBase",
    "Member",
    "Need",
    "OptionalLibrary",
    "Rule",
    "Slim",
    "Soname",
    "Startup",
    "Weights",
    "base_names",
    "base_tag",
    "bases",
    "build_tools",
    "caches",
    "consequences",
    "cuda_builds",
    "cuda_wheels",
    "default_drivers",
    "expanded",
    "families",
    "feeds",
    "gpu_checks",
    "gpu_names",
    "is_build_tool",
    "junk",
    "large_bases",
    "module_needs",
    "optional_libraries",
    "parsed",
    "rows",
    "slim_packages",
    "sonames",
    "startup_modules",
    "told",
    "weights",
]


class Startup(Rule, frozen=True, kw_only=True):
    """A row of startup.toml: a module that its own .pth loads, and that then waits for others."""

    module: str
    distribution: str
    why: str


class DefaultDriver(Rule, frozen=True, kw_only=True):
    """A row of drivers.toml: the module that a distribution loads for the scheme of a URL."""

    user: str
    scheme: str
    module: str


class Need(Rule, frozen=True, kw_only=True):
    """A row of needs.toml: what a module of the standard library needs, or who stands in for it."""

    module: str
    distribution: str
    why: str
    instead: bool = False


def startup_modules() -> frozenset[str]:
    """Return the modules of which loading is no evidence."""
    return frozenset(row.module for row in rows("startup", Startup))


def default_drivers() -> tuple[DefaultDriver, ...]:
    """Return what libraries load for URLs that name no driver."""
    return rows("drivers", DefaultDriver)


def module_needs() -> tuple[Need, ...]:
    """Return what modules of the standard library need."""
    return rows("needs", Need)
