"""A Dockerfile and a build context, as the pure functions take them."""

import posixpath
from typing import Any

from pruner.image.instructions import split
from pruner.image.minimal.original import Original
from pruner.image.minimal.steps import Steps, steps
from pruner.image.minimal.tree import Context, words_of
from pruner.image.stages import build

FILES = (
    "app/__init__.py",
    "app/main.py",
    "common/util.py",
    "data/words.txt",
    "frontend/package.json",
    "docs/index.md",
    "tests/test_app.py",
    "my files/a b.txt",
    "run.py",
    "entrypoint.sh",
    "requirements.txt",
    "requirements-dev.txt",
    "README.md",
    ".env",
    ".env.production",
)


def context(
    *files: str, sources: tuple[str, ...] = ("app",), words: tuple[str, ...] = ()
) -> Context:
    """Return a context with these files, all of its folders listed."""
    folders: dict[str, set[str]] = {"": set()}
    for file in files or FILES:
        path = file
        while path:
            folder, name = posixpath.split(path)
            folders.setdefault(folder, set()).add(name)
            path = folder
    return Context(
        folders={folder: tuple(sorted(names)) for folder, names in folders.items()},
        sources=sources,
        reached=frozenset(),
        words=words_of(words),
    )


def original(text: str, where: Context | None = None, **more: Any) -> Original:  # noqa: ANN401
    """Return a Dockerfile as `steps` takes it; `more` are further values of it."""
    instructions = split(text, "Dockerfile")
    return Original(
        path="Dockerfile",
        lines=tuple(text.split("\n")),
        instructions=instructions,
        read=build(instructions, more.get("given", {}), "Dockerfile", None),
        context=where or context(),
        **more,
    )


def texts(text: str, where: Context | None = None, **more: Any) -> list[str]:  # noqa: ANN401
    """Return what is repeated of a Dockerfile that begins with FROM python:3.11-slim."""
    return list(done(text, where, **more).texts)


def done(text: str, where: Context | None = None, **more: Any) -> Steps:  # noqa: ANN401
    """Return all that is known of what is repeated."""
    return steps(original(f"FROM python:3.11-slim\n{text}\n", where, **more))
