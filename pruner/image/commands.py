"""The commands of a RUN line, each as the words that a shell would make of it."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping

from pruner.image.expand import exec_form, expand
from pruner.image.instructions import Instruction

_BETWEEN = re.compile(r"&&|\|\||[;|\n&()]")


def commands(run: Instruction, variables: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the words of each command, variables replaced by those that are known before it.

    What the line itself sets is known to the commands after it.
    """
    told = dict(variables)
    for text in split(run):
        argv = words_of(text, told)
        told.update(assignments(argv[1:] if argv[:1] == ["export"] else argv))
        if argv:
            yield argv


def assignments(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the names and values of the words that set a variable."""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name.isidentifier():
            yield name, value


def script(run: Instruction) -> str:
    """Return what a RUN line has the shell run, its here-documents included."""
    listed = exec_form(run.value)
    return shlex.join(listed) if listed else "\n".join((run.value, *run.heredocs))


def split(run: Instruction) -> list[str]:
    """Return the texts of the commands of a RUN line."""
    return _BETWEEN.split(script(run))


def words_of(command: str, variables: Mapping[str, str]) -> list[str]:
    """Return the words of one command, variables replaced."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    return [expand(word, variables) for word in words]
