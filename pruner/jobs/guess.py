"""Guess the agents of an image from what its containers run. Every guess says where it is from."""

import posixpath
import re
from collections.abc import Iterator, Sequence

import msgspec

from pruner.jobs.found import Found, Start
from pruner.jobs.survey import safe_name
from pruner.jobs.words import unwrapped
from pruner.model import Value

UNKNOWN = "FILL_IN"

_PYTHON = re.compile(r"(.*/)?python(3(\.\d+)?)?")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_OBJECT = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):\w+(\(.*\))?")
_FLAGS = re.compile(r"-[uBOEsI]+")
_DULL = frozenset({"__main__", "main", "app", "server", "run", "asgi", "wsgi", "api"})
_PORT = re.compile(r"(?:--(?:server\.)?port[= ]|-p |(?:-b|--bind)[= ]?\S*:)(\d{1,5})\b")
_ASKED = re.compile(r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(\d{1,5}))?(/[!-~]*)?")
_MOST = 65535


class Guess(Value, frozen=True, kw_only=True):
    """One agent: either module or command, and a port where one is known; with the reasons."""

    name: str
    module: str | None = None
    command: tuple[str, ...] | None = None
    command_from: str
    port: int | None = None
    port_from: str = ""
    http: str | None = None  # the path that its health check asks for
    env: dict[str, str] = {}  # noqa: RUF012  secrets are still in it
    env_from: str = ""
    beside: bool = False


def agents(image: Found) -> tuple[Guess, ...]:
    """Return the agents that an image seems to be for; at least one, no two of a name."""
    taken: set[str] = set()
    found: list[Guess] = []
    for start in image.starts or (_own(image),):
        guess = _guess(image, start)
        name, number = guess.name, 2
        while name in taken:
            name, number = f"{guess.name}_{number}", number + 1
        taken.add(name)
        found.append(msgspec.structs.replace(guess, name=name))
    return tuple(found)


def _own(image: Found) -> Start:
    """Return what the image itself runs."""
    file = image.dockerfile
    argv = file.argv if file is not None else ()
    if not argv or not argv[0].strip():
        return Start(argv=(), where="nothing says what this image runs")
    kind = "ENTRYPOINT" if file is not None and file.entrypoint is not None else "CMD"
    return Start(argv=argv, where=f"{kind} of {image.path}")


def _guess(image: Found, start: Start) -> Guess:
    argv = unwrapped(start.argv)
    argv = argv if argv and argv[0].strip() else ()
    module, command = _module(argv), argv or None
    if command is None:
        module = UNKNOWN
    where = start.where if argv or not start.name else "nothing says what this service runs"
    if argv and (script := image.scripts.get(argv[0])):
        where = f"{where}, a script of the project: {script}"
    port, port_from = _port(image, argv, start)
    http, asked, http_from = _health(image, start)
    if http is not None and asked is not None:
        port, port_from = asked, http_from
    return Guess(
        name=safe_name(start.name or "", image.name)
        if start.name
        else _name(module, argv, image.name),
        module=module,
        command=None if module else command,
        command_from=where,
        port=port,
        port_from=port_from,
        http=http if port == asked else None,
        env=start.env,
        env_from=start.where.partition(",")[0],
        beside=start.beside,
    )


def _health(image: Found, start: Start) -> tuple[str | None, int | None, str]:
    """Return the path and port that a health check asks for over HTTP, and who says so."""
    file = image.dockerfile
    own = file.healthcheck if file is not None else ()
    said = start.where.partition(",")[0]
    places = ((start.healthcheck, said), (own, f"HEALTHCHECK of {image.path}"))
    for argv, where in places:
        match = _ASKED.search(" ".join(argv))
        port = int(match[1] or 80) if match else 0
        if match and 0 < port <= _MOST:
            return (match[2] or "/").rstrip("'\")];"), port, f"the health check, {where}"
        if argv:
            break
    return None, None, ""


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


def _port(image: Found, argv: Sequence[str], start: Start) -> tuple[int | None, str]:
    match = _PORT.search(" ".join(argv))
    if match and 0 < int(match[1]) <= _MOST:
        return int(match[1]), start.where
    if start.ports:
        return start.ports[0], f"ports, {start.where}"
    exposed = image.dockerfile.expose if image.dockerfile else ()
    # Of several processes in one image nobody says whose port it is.
    alone = len(image.starts) <= 1
    return (exposed[0], f"EXPOSE of {image.path}") if exposed and alone else (None, "")


def _name(module: str | None, argv: Sequence[str], image: str) -> str:
    return next(_names(module, argv, image))


def _names(module: str | None, argv: Sequence[str], image: str) -> Iterator[str]:
    objects = [match[1] for word in argv if (match := _OBJECT.fullmatch(word))]
    scripts = [posixpath.basename(word)[:-3] for word in argv if word.endswith(".py")]
    modules = [module] if module and module != UNKNOWN else []
    for candidate in (*modules, *objects, *scripts):
        last = candidate.rpartition(".")[2]
        if last not in _DULL:
            yield safe_name(last, image)
    yield image
