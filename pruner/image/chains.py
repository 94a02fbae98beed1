"""Which instructions make a stage of a Dockerfile, those of its parents included."""

from collections.abc import Iterator, Sequence

from pruner.image.instructions import Instruction
from pruner.image.values import Dockerfile


def own(
    instructions: Sequence[Instruction], dockerfile: Dockerfile, stage: int
) -> Iterator[Instruction]:
    """Yield the instructions of one stage, without its FROM."""
    start = dockerfile.stages[stage].line
    later = dockerfile.stages[stage + 1 : stage + 2]
    for item in instructions:
        if item.line > start and not (later and item.line >= later[0].line):
            yield item


def chain(
    instructions: Sequence[Instruction], dockerfile: Dockerfile, stage: int
) -> Iterator[Instruction]:
    """Yield the instructions of a stage and of those that it descends from, in order."""
    parent = dockerfile.stages[stage].parent
    if parent is not None:
        yield from chain(instructions, dockerfile, parent)
    yield from own(instructions, dockerfile, stage)
