"""The commands of a RUN line, each as the words that a shell would make of it."""

import re
import shlex
from collections.abc import Iterator, Mapping

from pruner.image.expand import exec_form, expand
from pruner.image.instructions import Instruction

_BETWEEN = re.compile(r"&&|\|\||[;|\n&()]")


def commands(run: Instruction, variables: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the words of each command, variables replaced by those that are known before it."""
    for text in split(run):
        yield words_of(text, variables)


def split(run: Instruction) -> list[str]:
    """Return the texts of the commands of a RUN line, its here-documents included."""
    listed = exec_form(run.value)
    script = shlex.join(listed) if listed else "\n".join((run.value, *run.heredocs))
    return _BETWEEN.split(script)


def words_of(command: str, variables: Mapping[str, str]) -> list[str]:
    """Return the words of one command, variables replaced."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    return [expand(word, variables) for word in words]
