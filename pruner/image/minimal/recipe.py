"""What a Dockerfile of pruner's says, as one frozen value, and its text."""

import json
import textwrap
from collections.abc import Iterator

from pruner.model import Value

NVIDIA = "NVIDIA_VISIBLE_DEVICES=all \\\n    NVIDIA_DRIVER_CAPABILITIES=compute,utility"
USER = "app"
UID = 10001
PIP = (
    "PIP_BREAK_SYSTEM_PACKAGES=1",
    "PIP_DISABLE_PIP_VERSION_CHECK=1",
    "PIP_NO_CACHE_DIR=1",
    "PIP_ROOT_USER_ACTION=ignore",
)
WIDTH = 98


class Shared(Value, frozen=True):
    """Pins that several images install in a layer of their own, so that it is there once."""

    name: str  # "gpu"
    images: tuple[str, ...]
    requirements: str  # path from the root of the project
    pins: int
    size_bytes: int


class Health(Value, frozen=True):
    """A command that asks an agent how it is, and the seconds that it has to start."""

    argv: tuple[str, ...]
    start_seconds: int = 0


class Recipe(Value, frozen=True):
    """All that the Dockerfile of a lock says."""

    image: str
    base: str  # with its digest, where that is known
    requirements: str  # path from the root of the project
    constraints: str | None = None  # what builds releases that have no wheel
    python: str = "python3"
    venv: str | None = None  # the virtual environment that the original has
    shared: Shared | None = None
    builds: tuple[str, ...] = ()  # Debian packages of the builder
    packages: tuple[str, ...] = ()  # Debian packages of the last stage
    unseen: bool = False  # nobody has looked at the image: `packages` are those of the original
    gpu: bool = False  # the wheels carry CUDA
    steps: tuple[str, ...] = ()  # of the original's last stage, as they are to stand here
    start: tuple[str, ...] = ()  # ENTRYPOINT and CMD
    user: str | None = None  # that of the original, where it is not root
    health: Health | None = None
    pip: tuple[str, ...] = ()  # variables of the original that pip reads


def dockerfile(recipe: Recipe) -> str:
    """Return the text of the Dockerfile; the same recipe gives the same bytes."""
    parts = ["\n".join(_head(recipe))]
    if recipe.shared is not None:
        parts.append("\n".join(shared_stages(recipe.shared, recipe.python, recipe.pip)))
    parts.append("\n".join(_builder(recipe)))
    parts.append("\n".join(_last(recipe)))
    return "\n\n".join(parts) + "\n"


def shared_dockerfile(shared: Shared, base: str, python: str, pip: tuple[str, ...]) -> str:
    """Return the Dockerfile of a base that several images share."""
    names = ", ".join(shared.images)
    head = [
        *_comment(
            f"Written by pruner. The {shared.pins} pins that {names} have in common, to be built"
            " once and named in their builds: --build-arg SHARED_BASE=…"
        ),
        f"ARG BASE_IMAGE={base}",
        "",
    ]
    return "\n".join([*head, *shared_stages(shared, python, pip)]) + "\n"


def _head(recipe: Recipe) -> Iterator[str]:
    yield from _comment(
        f"Written by pruner from {recipe.requirements}; `pruner image {recipe.image}` writes it"
        " anew. Built from the folder of pruner.toml:"
    )
    path = recipe.requirements.rpartition("/")[0]
    yield f"#   docker build -f {path}/Dockerfile -t {recipe.image} ."
    yield f"ARG BASE_IMAGE={recipe.base}"
    if recipe.shared is not None:
        yield "ARG SHARED_BASE=shared"


def shared_stages(shared: Shared, python: str, pip: tuple[str, ...]) -> Iterator[str]:
    """Yield the two stages of a shared base; their text is the same in every image."""
    yield from _comment(
        f"{shared.pins} pins that {', '.join(shared.images)} have in common. The same lines in"
        " each, so their layer is built, kept and moved once."
    )
    yield "FROM ${BASE_IMAGE} AS shared-builder"
    yield from _environment(pip)
    yield f"COPY {shared.requirements} /pruner/requirements.txt"
    yield f"RUN {python} -m pip install --root=/pruner/root --ignore-installed \\"
    yield "    --no-deps --require-hashes -r /pruner/requirements.txt"
    yield ""
    yield "FROM ${BASE_IMAGE} AS shared"
    yield "COPY --from=shared-builder /pruner/root/ /"


def _environment(pip: tuple[str, ...]) -> Iterator[str]:
    yield "ENV " + " \\\n    ".join((*PIP, *pip))


def _builder(recipe: Recipe) -> Iterator[str]:
    base = "SHARED_BASE" if recipe.shared is not None else "BASE_IMAGE"
    yield f"FROM ${{{base}}} AS builder"
    yield from _environment(recipe.pip)
    if recipe.builds:
        yield "# What builds the releases that have no wheel; it stays in this stage."
        yield from _install(recipe.builds)
    files = [recipe.requirements, *([recipe.constraints] if recipe.constraints else [])]
    yield f"COPY {' '.join(files)} /pruner/"
    where = "--root=/pruner/root"
    if recipe.venv is not None:
        yield f"RUN {recipe.python} -m venv --without-pip {recipe.venv}"
        where = f"--python={recipe.venv}/bin/python"
    everything = [] if recipe.shared is not None or recipe.venv else ["--ignore-installed"]
    pip = f"{recipe.python} -m pip"
    options = ["--no-deps", "--require-hashes", "-r /pruner/requirements.txt"]
    if recipe.constraints is not None:
        yield "# Older ones cannot pin what a build gets."
        yield f"RUN {pip} install --target=/pruner/pip pip==25.3"
        pip = f"PYTHONPATH=/pruner/pip {pip}"
        options.insert(0, "--build-constraint=/pruner/build-constraints.txt")
    if recipe.venv is None:
        pip = f"mkdir -p /pruner/root && {pip}"
    first = " ".join([f"RUN {pip}", *_before(where), "install", *_after(where), *everything])
    yield f"{first} \\"
    yield f"    {' '.join(options)}"


def _before(where: str) -> list[str]:
    return [where] if where.startswith("--python") else []


def _after(where: str) -> list[str]:
    return [] if where.startswith("--python") else [where]


def _last(recipe: Recipe) -> Iterator[str]:
    base = "SHARED_BASE" if recipe.shared is not None else "BASE_IMAGE"
    yield f"FROM ${{{base}}} AS runtime"
    if recipe.packages:
        yield from _comment(
            "The original's packages: nobody has looked at the image itself, so which of them are"
            " used is not known. Lock it with --runtime docker."
            if recipe.unseen
            else "Debian packages of which a file was seen in use, or that what stays links to."
        )
        yield from _install(recipe.packages)
    if recipe.user is None:
        yield f"RUN useradd --uid {UID} --no-log-init --create-home {USER}"
    folder = (recipe.venv, recipe.venv) if recipe.venv else ("/pruner/root/", "/")
    yield f"COPY --from=builder {folder[0]} {folder[1]}"
    if recipe.gpu:
        yield from _comment(
            "The wheels carry CUDA; the container runtime mounts the driver where these ask for it."
        )
        yield f"ENV {NVIDIA}"
    yield from recipe.steps
    yield f"USER {recipe.user or UID}"
    if recipe.health is not None:
        options = f"--interval=30s --timeout=10s --start-period={recipe.health.start_seconds}s"
        yield f"HEALTHCHECK {options} --retries=3 \\"
        yield f"    CMD {json.dumps(list(recipe.health.argv))}"
    yield from recipe.start


def _install(packages: tuple[str, ...]) -> Iterator[str]:
    yield "# The archive forgets old versions, so a pin would break the build of tomorrow."
    yield "# hadolint ignore=DL3008"
    yield "RUN apt-get update \\"
    lines = textwrap.wrap(" ".join(packages), WIDTH - 8, break_on_hyphens=False)
    yield " && apt-get install -y --no-install-recommends \\"
    yield from (f"        {line} \\" for line in lines)
    yield " && apt-get clean \\"
    yield " && rm -rf /var/lib/apt/lists/*"


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH, break_on_hyphens=False))
