"""How the new image starts: ENTRYPOINT and CMD without a shell in front, where none is needed."""

import re
import shlex
from collections.abc import Iterator, Sequence
from json import dumps

from pruner.image.values import Dockerfile

_SHELLS = ("/bin/sh", "/bin/bash", "sh", "bash")
_PLAIN = re.compile(r"[\w\s./:@%+,='\"-]+")
_FORM = 3  # shell, -c, text
_BUILTINS = frozenset([".", "source", "cd", "set", "export", "exec", "ulimit", "umask", "eval"])


def starting(read: Dockerfile, argv: Sequence[str] = ()) -> Iterator[str]:
    """Yield ENTRYPOINT and CMD; where the original has none, `argv`, that of the only agent."""
    if read.entrypoint is not None:
        yield f"ENTRYPOINT {_listed(read.entrypoint)}"
    if read.cmd is not None and not read.entrypoint_shell:
        yield f"CMD {_listed(read.cmd)}"
    if not read.entrypoint and not read.cmd and argv:
        yield f"CMD {_listed(argv)}"


def without_shell(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command itself where a shell would only start it: it gets the signals then."""
    plain = len(argv) == _FORM and argv[0] in _SHELLS and argv[1] == "-c"
    if not plain or not _PLAIN.fullmatch(argv[2]):
        return tuple(argv)
    try:
        words = shlex.split(argv[2])
    except ValueError:
        return tuple(argv)
    words = words[1:] if words[:1] == ["exec"] else words
    if not words or words[0] in _BUILTINS or "=" in words[0]:
        return tuple(argv)
    return tuple(words)


def _listed(argv: Sequence[str]) -> str:
    return dumps(list(without_shell(argv)), ensure_ascii=False)
