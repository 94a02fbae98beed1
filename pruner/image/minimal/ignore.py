"""The .dockerignore of a lock's Dockerfile: what it copies, and nothing else."""

from collections.abc import Iterable

NEVER = (
    "**/__pycache__", "**/*.py[cod]", "**/.git", "**/.venv", "**/node_modules", "**/.pytest_cache",
    "**/.mypy_cache", "**/.ruff_cache", "**/.ipynb_checkpoints", "**/.DS_Store", "**/.env",
)  # fmt: skip


def dockerignore(paths: Iterable[str]) -> str:
    """Return the text for a Dockerfile that copies these paths of the context."""
    allowed = sorted({f"!{path.strip('/')}" for path in paths if path.strip("/")})
    everything = not allowed or "!." in allowed
    head = [
        "# Written by pruner. BuildKit reads it for the Dockerfile beside it, and no other one.",
        *([] if everything else ["*", *allowed]),
    ]
    return "\n".join([*head, *NEVER]) + "\n"
