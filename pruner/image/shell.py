"""The commands of a RUN line, as far as they can be told apart without a shell.

Only what stands between `&&`, `;` and the ends of lines is split; a pipe, an alternative, a group
stays with the command that it begins with.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator

from pruner.image.expand import exec_form
from pruner.image.instructions import Instruction
from pruner.model import Value

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ALONE = re.compile(r"<<-?[\"']?\w+[\"']?")
"""A here-document that is the whole of a RUN."""
_CONTROL = frozenset(
    ["if", "for", "while", "until", "case", "select", "function", "{", "(", "!", "[["]
)


class Command(Value, frozen=True):
    """One command: its words, variables in front of it left out, and its text as written."""

    words: tuple[str, ...]
    text: str

    @property
    def program(self) -> str:
        """The name of the program that is run; "" where there is none."""
        return posixpath.basename(self.words[0]) if self.words else ""


def commands(run: Instruction) -> tuple[Command, ...] | None:
    """Return the commands of a RUN; None where they depend on each other in other ways.

    A loop, a condition cannot be taken apart, nor a here-document that is more than the lines of a
    shell script.
    """
    listed = exec_form(run.value)
    if listed is not None:
        return (Command(words=listed, text=shlex.join(listed)),)
    script = run.value
    if run.heredocs:
        if not _ALONE.fullmatch(run.value) or "<<" in run.heredocs[0]:
            return None
        script = re.sub(r"^\s*#.*$", "", run.heredocs[0], flags=re.MULTILINE).replace("\\\n", " ")
    texts = [text.strip() for text in _split(script) if text.strip()]
    found = tuple(Command(words=_words(text), text=text) for text in texts)
    return None if any(item.words[:1] and item.words[0] in _CONTROL for item in found) else found


def _words(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        words = text.split()
    start = next((n for n, word in enumerate(words) if not _ASSIGNMENT.match(word)), len(words))
    return tuple(words[start + 1 if words[start : start + 1] == ["sudo"] else start :])


def _split(text: str) -> Iterator[str]:
    """Yield what stands between separators that no quote and no bracket holds."""
    start, at, quote, depth = 0, 0, "", 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif depth <= 0 and (char in ";\n" or text.startswith("&&", at)):
            yield text[start:at]
            at += 2 if char == "&" else 1
            start = at
            continue
        at += 1
    yield text[start:]
