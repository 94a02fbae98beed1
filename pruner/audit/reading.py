"""A Dockerfile as an audit sees it: every instruction with its stage and variables."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pruner.audit.values import Source, Step
from pruner.image.expand import expand, pairs
from pruner.image.instructions import Instruction, split
from pruner.image.stages import build
from pruner.image.values import Stage


def read_source(
    text: str,
    file: str,
    build_args: Mapping[str, str],
    context: Path | None = None,
    target: str | None = None,
) -> Source:
    """Return a Dockerfile, to the end of the stage `target` where one is named.

    Raises UsageError, which begins with file and line, where none would build.
    """
    instructions = split(text, file, target)
    dockerfile = build(instructions, build_args, file, context)
    return Source(
        file=file,
        lines=tuple(text.split("\n")),
        dockerfile=dockerfile,
        steps=tuple(_steps(instructions, dockerfile.stages, build_args)),
    )


def _steps(
    instructions: Sequence[Instruction], stages: Sequence[Stage], build_args: Mapping[str, str]
) -> Iterator[Step]:
    known: list[dict[str, str]] = []  # variables by stage
    folders: list[str] = []
    declared: dict[str, str] = {}
    for item in instructions:
        if item.name == "FROM":
            parent = stages[len(known)].parent
            known.append(dict(known[parent]) if parent is not None else {})
            folders.append(folders[parent] if parent is not None else "/")
            continue
        told = known[-1] if known else declared
        if known:
            stage = len(known) - 1
            yield Step(instruction=item, stage=stage, variables={**told}, workdir=folders[-1])
        if item.name == "WORKDIR":
            folders[-1] = posixpath.normpath(posixpath.join(folders[-1], expand(item.value, told)))
        if item.name in {"ARG", "ENV"}:
            told.update(_set(item, told, declared, build_args))


def _set(
    item: Instruction,
    told: Mapping[str, str],
    declared: Mapping[str, str],
    build_args: Mapping[str, str],
) -> Iterator[tuple[str, str]]:
    """Yield the variables that ARG or ENV set; what an ARG before FROM says counts where asked."""
    for name, value in pairs(item.value, told).items():
        given = build_args.get(name) if item.name == "ARG" else None
        text = given if given is not None else value
        if text is None:
            text = declared.get(name)
        if text is not None:
            yield name, text
