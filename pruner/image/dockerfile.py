"""What a Dockerfile builds: its stages, and what the last of them runs and installs."""

from collections.abc import Mapping
from pathlib import Path

from pruner.config import Image
from pruner.config.files import read_text
from pruner.image.copies import Copy
from pruner.image.instructions import split
from pruner.image.stages import build
from pruner.image.values import Dockerfile, Stage

__all__ = ["Copy", "Dockerfile", "Stage", "dockerfile_of", "read_dockerfile"]


def read_dockerfile(
    path: Path,
    build_args: Mapping[str, str] | None = None,
    *,
    context: Path | None = None,
    shown: str | None = None,
    target: str | None = None,
) -> Dockerfile:
    """Read a Dockerfile; nothing of it is run.

    With `context`, the folder that is built from, requirement files are those that are there.
    With `target` the stage of that name is the last. Messages name the file as `shown`. Raises
    UsageError with file and line.
    """
    name = shown or str(path)
    return build(split(read_text(path, name), name, target), build_args or {}, name, context)


def dockerfile_of(image: Image, root: Path) -> Dockerfile | None:
    """Read the Dockerfile of an image as it is configured, None where it has none.

    Paths of the image are relative to `root`. Raises UsageError with file and line.
    """
    if image.dockerfile is None:
        return None
    return read_dockerfile(
        root / image.dockerfile,
        image.build_args,
        context=root / image.context,
        shown=image.dockerfile,
        target=image.target,
    )
