"""Command lines without what only wraps them."""

import posixpath
import re
import shlex
from collections.abc import Sequence

_WRITTEN_BY_A_SHELL = re.compile(r"[&|;<>$`(){}*?\n]")
_INITS = frozenset({"tini", "dumb-init", "catatonit"})


_RUNNERS = frozenset({"uv", "poetry", "pdm"})
_WITH_VALUE = frozenset({
    "--extra", "--group", "--no-group", "--project", "--directory", "--package",
    "--python", "-p", "--with", "--env-file", "-C",
})  # fmt: skip


def unwrapped(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command without its init, and without a shell that it does not need."""
    argv = tuple(argv)
    if argv and posixpath.basename(argv[0]) in _INITS:
        rest = argv[argv.index("--") + 1 :] if "--" in argv else argv[1:]
        return unwrapped(rest)
    if len(argv) > 2 and posixpath.basename(argv[0]) in _RUNNERS and argv[1] == "run":  # noqa: PLR2004
        return unwrapped(_run(argv[2:]))
    if len(argv) == 3 and argv[1] == "-c" and argv[0].endswith("sh"):  # noqa: PLR2004  sh -c text
        text = argv[2].strip().removeprefix("exec ")
        if not _WRITTEN_BY_A_SHELL.search(text):
            try:
                return tuple(shlex.split(text)) or argv
            except ValueError:
                return argv
    return argv


def _run(words: Sequence[str]) -> tuple[str, ...]:
    """Return what `uv run` and its like start; they would look at the project first, and write."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option in {"-m", "--module"}:
            return ("python", "-m", *rest)
        if option in _WITH_VALUE:
            del rest[:1]
    return ("python", *rest) if rest and rest[0].endswith(".py") else tuple(rest)
