"""What a command line asks Python to start: modules, files, or a line of code.

Only the words are read. What they mean in a source tree is for `pruner.static.entry` to say.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

_PYTHON = re.compile(r"(python|pypy)(\d+(\.\d+)*)?")
_SHELLS = {"sh", "bash", "dash", "ash", "zsh"}
# They start the rest of their own line.
_WRAPPERS = {"env", "exec", "tini", "dumb-init", "nohup", "time", "nice", "setsid", "stdbuf"}
_BETWEEN = set(";&|()")
_KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{"}
_WITH_VALUE = "WX"  # options of python that take a word: -W ignore, -X dev
_NAMING = {"-A": "app", "--app": "app", "-m": "module", "--module": "module"}  # what follows
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_TARGET = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)(:.*)?", re.DOTALL)
_DEEPEST = 5  # a shell in a shell


class Start(NamedTuple):
    """One thing that a command starts.

    `kind` is "module" (run as `-m`), "file", "code", "app" (a module that a server imports),
    "celery" (the same, and its `celery` submodule), or "word": a name that may be an app.
    """

    kind: str
    what: str


def starts(argv: Sequence[str], depth: int = 0) -> Iterator[Start]:
    """Yield what a command starts. A shell's line is split as the shell would."""
    words = _unwrapped(list(argv))
    if not words or depth > _DEEPEST:
        return
    program = PurePosixPath(words[0]).name
    if program in _SHELLS:
        for line in _shell_lines(words[1:]):
            yield from starts(line, depth + 1)
    elif _PYTHON.fullmatch(program):
        yield from _python(words[1:])
    else:
        yield from _other(words)


def programs(argv: Sequence[str], depth: int = 0) -> Iterator[str]:
    """Yield the names of the programs that a command line starts, those that start others too."""
    words = [word for word in argv if not _ASSIGNMENT.fullmatch(word)]
    rest = _unwrapped(words)
    if depth > _DEEPEST:
        return
    wrappers = words[: len(words) - len(rest)]
    for name in (PurePosixPath(word).name for word in (*wrappers, *rest[:1])):
        if name in _SHELLS:
            for line in _shell_lines(rest[1:]):
                yield from programs(line, depth + 1)
        elif name and not name.startswith("-"):
            yield name


def _unwrapped(words: list[str]) -> list[str]:
    wrapped = False
    while words:
        name = PurePosixPath(words[0]).name
        option = wrapped and words[0].startswith("-")
        passed = name in _WRAPPERS or words[0] in _KEYWORDS
        if not option and not _ASSIGNMENT.fullmatch(words[0]) and not passed:
            break
        wrapped = wrapped or name in _WRAPPERS
        words = words[1:]
    return words


def _shell_lines(words: Sequence[str]) -> Iterator[list[str]]:
    given = next((at for at, word in enumerate(words) if re.fullmatch(r"-\w*c", word)), None)
    if given is None or given + 1 >= len(words):
        return
    lexer = shlex.shlex(words[given + 1], posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    line: list[str] = []
    try:
        for word in lexer:
            if set(word) <= _BETWEEN:
                yield line
                line = []
            else:
                line.append(word)
    except ValueError:  # a quote that is never closed
        return
    yield line


def _python(words: Sequence[str]) -> Iterator[Start]:
    """Read an interpreter's own options up to what it runs."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            yield Start("file", word)
            return
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                rest = rest[1:]
            continue
        for at, letter in enumerate(word[1:], start=2):
            if letter in "mc":
                value, rest = (
                    (word[at:], rest) if word[at:] else (rest[0] if rest else "", rest[1:])
                )
                yield from _run(letter, value, rest)
                return
            if letter in _WITH_VALUE:
                rest = rest if word[at:] else rest[1:]
                break


def _run(letter: str, value: str, rest: Sequence[str]) -> Iterator[Start]:
    if letter == "c":
        yield Start("code", value)
        return
    yield Start("module", value)
    # `python -m uvicorn app:app` starts a server that is not first-party, which starts the app.
    yield from _other([value, *rest])


def _other(words: Sequence[str]) -> Iterator[Start]:
    """Read the words of a server: files, `module:attribute`, and what follows `-A` or `--app`."""
    celery = words[0].rpartition("/")[2] == "celery"
    if words[0].endswith(".py"):
        yield Start("file", words[0])
    for before, word in pairwise(words):
        name, is_option, value = word.partition("=") if word.startswith("--") else ("", "", word)
        kind = _NAMING.get(name if is_option else before)
        target = _TARGET.fullmatch(value)
        if value.endswith(".py"):
            yield Start("file", value)
        elif target and kind:
            yield Start("celery" if celery else kind, target[1])
        elif target and not word.startswith("-"):
            yield Start("app" if target[2] or "." in target[1] else "word", target[1])
