"""An image's Dockerfile as it is today, read for the one that takes its place."""

from collections.abc import Iterator
from json import dumps
from typing import NamedTuple

from pruner.config import Config, Image
from pruner.config.files import read_text
from pruner.document import Document
from pruner.errors import UsageError
from pruner.image.chains import chain
from pruner.image.instructions import Instruction, split
from pruner.image.shell import Command, commands
from pruner.image.stages import build
from pruner.image.steps import Purpose, environment_folder, purpose, system_packages
from pruner.image.values import Dockerfile

_ENVIRONMENTS = frozenset([".venv", "venv", ".env", "env", "virtualenv"])
_VARIABLES = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
_SHELLLESS = ("distroless", "scratch", "chainguard")
_COMPILERS = frozenset(["gcc", "g++", "make", "cmake", "build-essential", "pkg-config"])


class Read(NamedTuple):
    """A Dockerfile: its name in messages, its lines, what it builds, and its instructions."""

    path: str
    lines: tuple[str, ...]
    value: Dockerfile
    everything: tuple[Instruction, ...]

    @property
    def last(self) -> tuple[Instruction, ...]:
        """The instructions that make the last stage."""
        return tuple(chain(self.everything, self.value, len(self.value.stages) - 1))


def read(config: Config, image: Image, document: Document) -> Read:
    """Read the Dockerfile of an image; one that has none is as if it copied everything.

    Raises UsageError for what cannot be read, and for a base in which nothing can be run.
    """
    if image.dockerfile is None:
        path, text, given = image.name, _plain(image, document), {}
    else:
        path, given = image.dockerfile, image.build_args
        text = read_text(config.root / path, path)
    everything = split(text, path, image.target)
    value = build(everything, given, path, None)
    lines = tuple(line.rstrip("\r") for line in text.split("\n"))
    if any(word in value.base for word in _SHELLLESS):
        raise UsageError(
            f"{path}:{value.stages[-1].line}: {value.base} has no shell to install with",
            hint="give the image a base that has one, such as python:3.12-slim",
        )
    return Read(path, lines, value, everything)


def _plain(image: Image, document: Document) -> str:
    lines = [
        f"FROM python:{'.'.join(document.python.split('.')[:2])}-slim",
        "WORKDIR /app",
        "ENV PYTHONPATH=/app",
        "COPY . .",
    ]
    if len(image.agents) == 1:
        lines.append(f"CMD {dumps(list(image.agents[0].argv))}")
    return "\n".join(lines) + "\n"


def named_packages(instructions: tuple[Instruction, ...]) -> tuple[str, ...]:
    """Return the Debian packages that instructions install by name."""
    found = (name for command in _commands(instructions) for name in system_packages(command))
    return tuple(dict.fromkeys(found))


def programs(instructions: tuple[Instruction, ...]) -> frozenset[str]:
    """Return the programs that the commands run which are repeated."""
    return frozenset(
        command.program for command in _commands(instructions) if purpose(command) is Purpose.OTHER
    )


def words(read: Read) -> frozenset[str]:
    """Return what the instructions that are repeated may name of the context."""
    found = {*read.value.argv, *read.value.healthcheck, *read.value.env.values()}
    found |= {word for each in read.value.argv for word in each.split()}
    for item in read.last:
        split_up = commands(item) if item.name == "RUN" else ()
        if split_up is None:
            found |= set("\n".join((item.value, *item.heredocs)).split())
        for command in split_up or ():
            if purpose(command) is Purpose.OTHER:
                found |= {*command.words, *command.text.split()}
    return frozenset(found)


def _commands(instructions: tuple[Instruction, ...]) -> Iterator[Command]:
    for item in instructions:
        if item.name == "RUN":
            yield from commands(item) or ()


def is_compiler(name: str) -> bool:
    """Return whether a package is a compiler or its company; another -dev may bring a library."""
    return name in _COMPILERS or (name.startswith("python3") and name.endswith("-dev"))


def environment(read: Read, document: Document) -> str | None:
    """Return the folder of the virtual environment that the original runs in, if it has one."""
    made = {
        folder
        for command in _commands(read.everything)
        if (folder := environment_folder(command)) is not None
    }
    made |= {read.value.env[name].rstrip("/") for name in _VARIABLES if read.value.env.get(name)}
    if document.executable:
        prefix = document.executable.rpartition("/bin/")[0]
        return prefix if prefix in made or prefix.rpartition("/")[2] in _ENVIRONMENTS else None
    first = read.value.env.get("PATH", "").partition(":")[0].removesuffix("/bin")
    program = (read.value.argv or ("",))[0].rpartition("/bin/")[0]
    return next((folder for folder in sorted(made) if folder in {first, program}), None)
