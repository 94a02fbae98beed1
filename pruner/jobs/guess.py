"""Guess the agent of an image from what its container runs. Every guess says where it is from."""

import posixpath
import re
import shlex
from collections.abc import Sequence

from pruner.jobs.survey import Found, safe_name
from pruner.model import Value

UNKNOWN = "FILL_IN"

_PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_OBJECT = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):\w+(\(.*\))?")
_FLAGS = re.compile(r"-[uBOEsI]+")
_WRITTEN_BY_A_SHELL = re.compile(r"[&|;<>$`(){}*?\n]")
_INITS = frozenset({"tini", "dumb-init", "catatonit"})
_DULL = frozenset({"__main__", "main", "app", "server", "run", "asgi", "wsgi", "api"})
_PORT = re.compile(r"(?:--(?:server\.)?port[= ]|-p |(?:-b|--bind)[= ]?\S*:)(\d{1,5})\b")
_MOST = 65535


class Guess(Value, frozen=True, kw_only=True):
    """One agent: either module or command, and a port where one is known; with the reasons."""

    name: str
    module: str | None = None
    command: tuple[str, ...] | None = None
    command_from: str
    port: int | None = None
    port_from: str = ""


def agent(image: Found) -> Guess:
    """Return the agent that an image seems to be for."""
    file = image.dockerfile
    argv = _unwrapped(file.argv) if file else ()
    argv = argv if argv and argv[0].strip() else ()
    module, command = _module(argv), argv or None
    if command is None:
        module = UNKNOWN
    port, port_from = _port(image, argv)
    return Guess(
        name=_name(module, argv, image.name),
        module=module,
        command=None if module else command,
        command_from=_where(image) if argv else "nothing says what this image runs",
        port=port,
        port_from=port_from,
    )


def _where(image: Found) -> str:
    entrypoint = image.dockerfile is not None and image.dockerfile.entrypoint is not None
    return f"{'ENTRYPOINT' if entrypoint else 'CMD'} of {image.path}"


def _unwrapped(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command without its init, and without a shell that it does not need."""
    argv = tuple(argv)
    if argv and posixpath.basename(argv[0]) in _INITS:
        rest = argv[argv.index("--") + 1 :] if "--" in argv else argv[1:]
        return _unwrapped(rest)
    if len(argv) == 3 and argv[1] == "-c" and argv[0].endswith("sh"):  # noqa: PLR2004  sh -c text
        text = argv[2].strip().removeprefix("exec ")
        if not _WRITTEN_BY_A_SHELL.search(text):
            try:
                return tuple(shlex.split(text)) or argv
            except ValueError:
                return argv
    return argv


def _module(argv: Sequence[str]) -> str | None:
    """Return the module of `python -m module`, where nothing else is on the line."""
    rest = list(argv)
    if not rest or not _PYTHON.fullmatch(rest.pop(0)):
        return None
    while rest and _FLAGS.fullmatch(rest[0]):
        rest.pop(0)
    match rest:
        case ["-m", module] if _MODULE.fullmatch(module):
            return module
    return None


def _port(image: Found, argv: Sequence[str]) -> tuple[int | None, str]:
    match = _PORT.search(" ".join(argv))
    if match and 0 < int(match[1]) <= _MOST:
        return int(match[1]), _where(image)
    exposed = image.dockerfile.expose if image.dockerfile else ()
    return (exposed[0], f"EXPOSE of {image.path}") if exposed else (None, "")


def _name(module: str | None, argv: Sequence[str], image: str) -> str:
    objects = [match[1] for word in argv if (match := _OBJECT.fullmatch(word))]
    scripts = [posixpath.basename(word)[:-3] for word in argv if word.endswith(".py")]
    modules = [module] if module and module != UNKNOWN else []
    for candidate in (*modules, *objects, *scripts):
        last = candidate.rpartition(".")[2]
        if last not in _DULL:
            return safe_name(last, image)
    return image
