"""From compose files to services: their layers are joined as Compose joins them.

The rules: https://docs.docker.com/reference/compose-file/merge/ (2026-11-29).
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pruner.image.compose.following import Files, Stack
from pruner.image.compose.layer import Layer
from pruner.image.compose.place import Place, is_remote
from pruner.image.compose.values import Build, Compose, Service

T = TypeVar("T")

NAMES = (
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml",
)  # fmt: skip
"""The first that a folder has is the one that is meant."""
OVERRIDES = (
    "compose.override.yaml", "compose.override.yml",
    "docker-compose.override.yaml", "docker-compose.override.yml",
)  # fmt: skip


def read_compose(root: Path, file: str, override: str | None = None) -> Compose:
    """Read a compose file and the one that goes over it; both relative to `root`.

    Variables are those of the file .env beside it: a draft does not depend on who makes it. Raises
    UsageError with file and line for what is no compose file.
    """
    warnings: list[str] = []
    bare = Place(root, file, posixpath.dirname(file), {}, warnings)
    place = bare._replace(variables=bare.env_file(".env", 1, needed=False))
    places = [place, *([place._replace(file=override)] if override else [])]
    files = Files(root)
    services = {name: _service(stack) for name, stack in files.merged(places, (file,)).items()}
    return Compose(
        services=services,
        included=tuple(files.included),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def compose_files(names: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str | None]]:
    """Yield (file, override) of each folder that has one; `names` are those of each folder."""
    for folder in sorted(names):
        here = set(names[folder])
        file = next((name for name in NAMES if name in here), None)
        if file is not None:
            over = next((name for name in OVERRIDES if name in here), None)
            yield posixpath.join(folder, file), over and posixpath.join(folder, over)


def _service(stack: Stack) -> Service:
    """Join the layers of a service: lists are added to, tables joined, the rest replaced."""
    own, layers = stack
    for each in layers:
        each.warn_of_unread()
    env: dict[str, str] = {}
    for each in layers:
        env |= each.env_files()
    for each in layers:
        env |= each.pairs("environment")
    return Service(
        name=own.name,
        file=own.place.file,
        line=own.node.line,
        build=_build(layers),
        image=_last(each.text("image") for each in layers),
        entrypoint=_last(each.argv("entrypoint") for each in layers),
        command=_last(each.argv("command") for each in layers),
        env=env,
        ports=tuple(dict.fromkeys(port for each in layers for port in each.ports())),
        healthcheck=_last(each.healthcheck() for each in layers) or (),
        depends_on=tuple(dict.fromkeys(name for each in layers for name in each.depends_on())),
        workdir=_last(each.text("working_dir") or None for each in layers),
        gpu=any(each.gpu for each in layers),
    )


def _build(layers: Sequence[Layer]) -> Build | None:
    """Return how a service is built, None where it is not, or cannot be from here."""
    said = [each for each in layers if each.node.get("build") is not None]
    if not said:
        return None
    contexts = [(each, text) for each in said if (text := _context(each))]
    by, context = contexts[-1] if contexts else (layers[-1], ".")
    if is_remote(context):
        by.warn(f"its build context is not here: {context}")
        return None
    for each in said:
        if each.node.get("build", "dockerfile_inline") is not None:
            each.warn("dockerfile_inline is not read")
            return None
    folder = posixpath.normpath(posixpath.join(by.place.folder, context))
    file = _last(each.text("build", "dockerfile") or None for each in said) or "Dockerfile"
    args: dict[str, str] = {}
    for each in said:
        args |= each.pairs("build", "args")
    return Build(
        context=folder,
        dockerfile=posixpath.normpath(posixpath.join(folder, file)),
        args=args,
        target=_last(each.text("build", "target") or None for each in said),
    )


def _context(layer: Layer) -> str | None:
    """Return the folder that is built from as it is written: alone, or in a table."""
    build = layer.node.get("build")
    short = build is not None and build.text is not None
    return layer.text("build") if short else layer.text("build", "context")


def _last(values: Iterable[T | None]) -> T | None:
    """Return the last value that is not None."""
    found = None
    for value in values:
        found = value if value is not None else found
    return found
