"""What a Dockerfile builds: its stages, and what its last stage runs and installs."""

from collections.abc import Mapping
from pathlib import Path

from pruner.config.files import read_text
from pruner.image.copies import Copy
from pruner.image.instructions import split
from pruner.image.stages import build
from pruner.image.values import Dockerfile, Stage

__all__ = ["Copy", "Dockerfile", "Stage", "read_dockerfile"]


def read_dockerfile(
    path: Path,
    build_args: Mapping[str, str] | None = None,
    *,
    context: Path | None = None,
    shown: str | None = None,
) -> Dockerfile:
    """Read a Dockerfile; nothing of it is run.

    With `context`, the folder that is built from, requirement files are those that are there.
    Messages name the file as `shown`. Raises UsageError with file and line.
    """
    name = shown or str(path)
    return build(split(read_text(path, name), name), build_args or {}, name, context)
