"""How a search came to a file: step by step, from a file where it began."""

from typing import NamedTuple

from pruner.analysis.attribution import Ownership


class Step(NamedTuple):
    """How a file was reached: from which file, at which line."""

    path: str
    line: int


class Trail:
    """The first step to every file that was reached, and how the files of the start are spelled."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        self._steps: dict[str, Step] = {}
        self._spellings: dict[str, str] = {}

    def begin(self, path: str, spelled: str) -> None:
        """Note a file where the search begins, and its path as a trace names it."""
        self._spellings.setdefault(path, spelled)

    def note(self, path: str, step: Step) -> None:
        """Note the step to a file."""
        self._steps[path] = step

    def lines_to(self, last: Step) -> tuple[str, ...]:
        """Return the lines ("torch/__init__.py:418") that lead to a step, itself included."""
        return tuple(map(self.spelled, self._steps_to(last)))

    def begun(self, last: Step) -> str:
        """Return the file where the way to a step begins, as a trace names it."""
        first = self._steps_to(last)[0].path
        return self._spellings.get(first, first)

    def spelled(self, step: Step) -> str:
        """Return a step without the folder of distributions."""
        return f"{self._ownership.below_site(step.path)}:{step.line}"

    def _steps_to(self, last: Step) -> list[Step]:
        steps = [last]
        while (step := self._steps.get(steps[-1].path)) is not None:
            steps.append(step)
        return steps[::-1]
