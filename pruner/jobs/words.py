"""Command lines without what only wraps them."""

import posixpath
import re
import shlex
from collections.abc import Sequence

_WRITTEN_BY_A_SHELL = re.compile(r"[&|;<>$`(){}*?\n]")
_INITS = frozenset({"tini", "dumb-init", "catatonit"})


def unwrapped(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command without its init, and without a shell that it does not need."""
    argv = tuple(argv)
    if argv and posixpath.basename(argv[0]) in _INITS:
        rest = argv[argv.index("--") + 1 :] if "--" in argv else argv[1:]
        return unwrapped(rest)
    if len(argv) == 3 and argv[1] == "-c" and argv[0].endswith("sh"):  # noqa: PLR2004  sh -c text
        text = argv[2].strip().removeprefix("exec ")
        if not _WRITTEN_BY_A_SHELL.search(text):
            try:
                return tuple(shlex.split(text)) or argv
            except ValueError:
                return argv
    return argv
