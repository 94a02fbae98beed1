"""A Dockerfile as an audit sees it: every instruction with its stage and variables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pruner.audit.values import Source, Step
from pruner.image.expand import pairs
from pruner.image.instructions import Instruction, split
from pruner.image.stages import build
from pruner.image.values import Stage


def read_source(
    text: str, file: str, build_args: Mapping[str, str], context: Path | None = None
) -> Source:
    """Return a Dockerfile; UsageError, which begins with file and line, where none would build."""
    instructions = split(text, file)
    dockerfile = build(instructions, build_args, file, context)
    return Source(
        file=file,
        lines=tuple(text.split("\n")),
        dockerfile=dockerfile,
        steps=tuple(_steps(instructions, dockerfile.stages, build_args)),
    )


def _steps(
    instructions: Sequence[Instruction], stages: Sequence[Stage], build_args: Mapping[str, str]
) -> list[Step]:
    steps: list[Step] = []
    known: list[dict[str, str]] = []  # variables by stage
    declared: dict[str, str] = {}
    for item in instructions:
        if item.name == "FROM":
            parent = stages[len(known)].parent
            known.append(dict(known[parent]) if parent is not None else {})
            continue
        told = known[-1] if known else declared
        if known:
            steps.append(Step(instruction=item, stage=len(known) - 1, variables={**told}))
        if item.name in {"ARG", "ENV"}:
            for name, value in pairs(item.value, told).items():
                given = build_args.get(name) if item.name == "ARG" else None
                text = given if given is not None else value
                if text is None:
                    text = declared.get(name)
                if text is not None:
                    told[name] = text
    return steps
