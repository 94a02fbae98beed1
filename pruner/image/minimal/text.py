"""The text of a Dockerfile of pruner's; the same recipe gives the same bytes."""

import json
from collections.abc import Iterable, Iterator

from pruner.analysis.sizes import size
from pruner.image.minimal.building import (
    COMPILED,
    apt,
    builder,
    comment,
    compiled,
    run,
    shared_stages,
    without,
)
from pruner.image.minimal.recipe import Recipe, Shared

NVIDIA = "NVIDIA_VISIBLE_DEVICES=all \\\n    NVIDIA_DRIVER_CAPABILITIES=compute,utility"
USER = "app"
UID = 10001


def dockerfile(recipe: Recipe) -> str:
    """Return the Dockerfile of an image."""
    parts = ["\n".join(_head(recipe))]
    if recipe.before:
        said = comment("Stages of the original, as they were: the last one copies from them.")
        parts.append("\n".join([*said, recipe.before[0]]))
        parts += recipe.before[1:]
    if recipe.shared is not None:
        parts.append("\n".join(shared_stages(recipe.shared)))
    parts.append("\n".join(builder(recipe)))
    parts.append("\n".join(_last(recipe)))
    return "\n\n".join(parts) + "\n"


def shared_dockerfile(shared: Shared, base: str) -> str:
    """Return the Dockerfile of a base that several images share."""
    names = ", ".join(shared.images)
    head = [
        *comment(
            f"Written by pruner. The {shared.pins} pins that {names} have in common, to be built"
            " once and named in their builds: --build-arg SHARED_BASE=…"
        ),
        *comment(
            f"They take {size(shared.size_bytes)}; that they are there once saves"
            f" {size(shared.saved_bytes)}."
        ),
        f"#   docker build -f {shared.requirements.rpartition('/')[0]}/Dockerfile -t NAME .",
        f"ARG BASE_IMAGE={base}",
        "",
    ]
    return "\n".join([*head, *shared_stages(shared)]) + "\n"


def _head(recipe: Recipe) -> Iterator[str]:
    yield from comment(
        f"Written by pruner from {recipe.requirements}; `pruner image {recipe.image}` writes it"
        " anew. Built from the folder of pruner.toml:"
    )
    path = recipe.requirements.rpartition("/")[0]
    yield f"#   docker build -f {path}/Dockerfile -t {recipe.image} ."
    for remark in recipe.remarks:
        yield from comment(remark)
    yield f"ARG BASE_IMAGE={recipe.base}"
    if recipe.shared is not None:
        yield "ARG SHARED_BASE=shared"


def _last(recipe: Recipe) -> Iterator[str]:
    yield f"FROM ${{{recipe.ground}}} AS runtime"
    if recipe.packages:
        yield from comment(
            "The original's packages: nobody has looked at the image itself, so which of them are"
            " used is not known. Lock it with --runtime docker."
            if recipe.unseen
            else "Debian packages of which a file was seen in use, or that what stays links to."
        )
        yield from apt(recipe.packages)
    yield from comment(COMPILED) if recipe.shared is None else ()
    yield from run(
        [
            *([_new_user(recipe.base)] if recipe.user is None else []),
            *(without(recipe.replaced, recipe.python) if recipe.venv is None else []),
            *(compiled(recipe.python) if recipe.shared is None else []),
        ]
    )
    yield f"COPY --from=builder {recipe.venv or '/pruner/root/'} {recipe.venv or '/'}"
    if recipe.guard:
        yield "COPY --from=builder /pruner/guarded/ /"
    if recipe.gpu:
        yield from comment("The container runtime mounts the driver where these ask for it.")
        yield f"ENV {NVIDIA}"
    if recipe.user is None and any(_is_run(text) for text in recipe.steps):
        yield "# What the commands below leave in a home is for the user that runs."
        yield f"ENV HOME=/home/{USER}"
    yield from _apart([*recipe.steps, *_bytecode(recipe)])
    if recipe.user is not None and not recipe.user.partition(":")[0].isdecimal():
        yield "# hadolint ignore=DL3066"
    yield f"USER {recipe.user or UID}"
    if recipe.health is not None:
        options = f"--interval=30s --timeout=10s --start-period={recipe.health.start_seconds}s"
        yield f"HEALTHCHECK {options} --retries=3 \\"
        yield f"    CMD {json.dumps(list(recipe.health.argv))}"
    yield from recipe.start


def _new_user(base: str) -> str:
    if "alpine" in base:
        return f"adduser -D -u {UID} {USER}"
    return f"useradd --uid {UID} --no-log-init --create-home {USER}"


def _apart(texts: Iterable[str]) -> Iterator[str]:
    """Yield instructions; where one RUN follows another the original's layers are meant."""
    before = ""
    for text in texts:
        if _is_run(text) and _is_run(before) and "hadolint ignore" not in text:
            yield "# hadolint ignore=DL3059"
        if text.upper().startswith("USER ") and not text.split()[1].isdecimal():
            yield "# hadolint ignore=DL3066"
        yield text
        before = text


def _is_run(text: str) -> bool:
    return any(line.upper().startswith("RUN ") for line in text.splitlines())


def _bytecode(recipe: Recipe) -> Iterator[str]:
    """Yield what compiles first-party code: a container that writes nothing cannot keep it.

    Hashes are compared, and not times: the same files give the same layer, and a file that is
    mounted over another is still noticed. A file that does not compile stays as it is.
    """
    paths = [path for path in recipe.code if path != "/"]
    if not paths:
        return
    if any(line.upper().startswith("USER ") for text in recipe.steps for line in text.splitlines()):
        yield "USER 0"
    inside = [path for path in paths if (recipe.venv or "").startswith(f"{path}/")]
    apart = f" -x '^{recipe.venv}/'" if inside else ""
    command = f"{recipe.interpreter} -m compileall -q --invalidation-mode checked-hash{apart}"
    yield f"RUN {command} \\\n    {' '.join(paths)} || true"
