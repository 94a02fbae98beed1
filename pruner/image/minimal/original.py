"""The Dockerfile that an image has today: its stages, and what is known of what they do."""

from collections.abc import Iterable, Iterator, Mapping

from pruner.image.chains import chain, own
from pruner.image.expand import pairs
from pruner.image.instructions import Instruction
from pruner.image.minimal.scope import Scope
from pruner.image.minimal.tree import Context
from pruner.image.shell import commands
from pruner.image.steps import Purpose, installs_something, purpose
from pruner.image.values import Dockerfile
from pruner.model import Value


class Original(Value, frozen=True, kw_only=True):
    """A Dockerfile: what was read of it, its instructions, and the lines that they stand in."""

    path: str  # as messages name it
    lines: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    read: Dockerfile
    given: Mapping[str, str] = {}  # arguments that the configuration sets
    prefix: str = "/usr/local"  # folder of the interpreter's bin
    context: Context
    folder: str = ""  # the context's path from the root of the project
    health: bool = False  # a HEALTHCHECK of ours takes the place of its own
    moved: bool = False  # the new image stands on another base

    @property
    def last(self) -> int:
        """The index of the last stage."""
        return len(self.read.stages) - 1

    def own(self, stage: int) -> Iterator[Instruction]:
        """Return the instructions of one stage, without its FROM."""
        return own(self.instructions, self.read, stage)

    def chain(self, stage: int) -> Iterator[Instruction]:
        """Return the instructions of a stage and of those that it descends from, in order."""
        return chain(self.instructions, self.read, stage)

    def index(self, name: str) -> int | None:
        """Return the stage that COPY --from means; None for an image."""
        for index, stage in reversed(list(enumerate(self.read.stages[:-1]))):
            if name == str(index) or (stage.name or "").lower() == name.lower():
                return index
        return None

    def scope(self) -> Scope:
        """Return what a stage begins with."""
        first = self.read.stages[0].line
        known: dict[str, str] = {}
        for item in self.instructions:
            if item.name == "ARG" and item.line < first:
                for name, value in pairs(item.value, known).items():
                    found = self.given.get(name, value)
                    known |= {} if found is None else {name: found}
        return Scope(self.given, known)

    def written(self, item: Instruction) -> str:
        """Return an instruction as it stands there, with the comments right above it."""
        start = item.line - 1
        while start and self.lines[start - 1].lstrip().startswith("# hadolint "):
            start -= 1
        return "\n".join(self.lines[start : item.last_line])


def installs(items: Iterable[Instruction]) -> bool:
    """Return whether instructions install distributions."""
    return any(item.name == "RUN" and installs_something(item) for item in items)


def makes(items: Iterable[Instruction]) -> bool:
    """Return whether instructions make something by commands that are not there to install."""
    for item in items:
        found = commands(item) if item.name == "RUN" else ()
        if found is None or any(purpose(command) is Purpose.OTHER for command in found):
            return True
    return False
