"""The .dockerignore of a lock's Dockerfile: what it copies, and nothing else."""

import posixpath
from collections.abc import Iterable

from pruner.image.minimal.tree import SECRETS

NEVER = (
    "**/__pycache__", "**/*.py[cod]", "**/.git", "**/.venv", "**/node_modules", "**/.pytest_cache",
    "**/.mypy_cache", "**/.ruff_cache", "**/.ipynb_checkpoints", "**/.DS_Store", "**/.env",
)  # fmt: skip


def dockerignore(
    paths: Iterable[str], own: Iterable[str], original: Iterable[str] = (), folder: str = ""
) -> str:
    """Return the text for a Dockerfile that copies `paths` of the context, and `own` of pruner's.

    What the `original` patterns, of the context `folder`, keep from a build stays out of this one.
    """
    wanted = sorted({path.strip("/") for path in paths} - {""})
    ours = sorted({f"!{path}" for path in own})
    allowed = [f"!{path}" for path in wanted]
    everything = "." in wanted
    named = [f"!{path}" for path in wanted if posixpath.basename(path).startswith(SECRETS)]
    lines = [
        "# Written by pruner. BuildKit reads it for the Dockerfile beside it, and no other one.",
        *([] if everything else ["*", *allowed]),
        *NEVER,
        *named,
        *(_below(pattern, folder) for pattern in original),
        *ours,
    ]
    return "\n".join(lines) + "\n"


def _below(pattern: str, folder: str) -> str:
    """Return a pattern of the context as one of the folder that this Dockerfile is built from."""
    mark = "!" if pattern.startswith("!") else ""
    path = pattern.removeprefix("!").strip().lstrip("/")
    return f"{mark}{posixpath.join(folder, path)}"
