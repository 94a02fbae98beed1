"""The instructions that make the last stage of a Dockerfile, those of its parents included."""

from collections.abc import Sequence

from pruner.image.instructions import Instruction
from pruner.image.values import Dockerfile


def final_instructions(
    instructions: Sequence[Instruction], dockerfile: Dockerfile
) -> tuple[Instruction, ...]:
    """Return what stands behind the FROM lines that the last stage descends from, in order."""
    starts = [stage.line for stage in dockerfile.stages]
    chain: list[int] = []
    stage: int | None = len(dockerfile.stages) - 1
    while stage is not None:
        chain.insert(0, stage)
        stage = dockerfile.stages[stage].parent
    ends = [*starts[1:], None]
    return tuple(
        item
        for index in chain
        for item in instructions
        if item.line > starts[index] and (ends[index] is None or item.line < (ends[index] or 0))
    )
