"""What the commands of a Dockerfile are for: system packages, distributions, cleaning, the rest."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from pruner.image.instructions import Instruction
from pruner.image.shell import Command, commands

_PIP = re.compile(r"pip[\d.]*")
_PYTHON = re.compile(r"python[\d.]*")
INSTALLERS = frozenset(
    [
        "uv",
        "uvx",
        "poetry",
        "pipenv",
        "pdm",
        "hatch",
        "pip-sync",
        "pip-compile",
        "conda",
        "mamba",
        "micromamba",
        "virtualenv",
    ]
)
_MODULES = frozenset(
    [
        "pip",
        "venv",
        "ensurepip",
        "compileall",
        "virtualenv",
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "piptools",
    ]
)
_FETCHED = re.compile(
    r"astral\.sh/uv|install\.python-poetry\.org|get-pip\.py|get-poetry|pdm-project\.org/install"
)
_MENTIONED = re.compile(r"\b(pip3?|uv|poetry|pipenv|pdm|conda|mamba)\s+(install|sync|add|update)\b")
_APT_MENTIONED = re.compile(r"\b(apt|apt-get|aptitude)\s+(-\S+\s+)*install\b")
_APT = frozenset(["apt-get", "apt", "aptitude"])
_CACHES = ("/var/lib/apt", "/var/cache", "/root/.cache", "/tmp", "/var/tmp", "~/.cache", "/var/log")  # noqa: S108
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_VALUED = frozenset(
    ["-t", "--target-release", "-o", "--option", "-c", "--config-file", "-a", "--host-architecture"]
)


class Purpose(StrEnum):
    """What a command is for."""

    SYSTEM = "system"  # apt-get
    DISTRIBUTIONS = "distributions"  # pip and its like
    CLEANING = "cleaning"
    SHELL = "shell"  # set -e, cd: nothing by itself
    OTHER = "other"


def purpose(command: Command) -> Purpose:
    """Return what a command is for, told from its words."""
    program, words = command.program, command.words
    if program in _APT:
        return Purpose.SYSTEM
    if _PIP.fullmatch(program) or program in INSTALLERS or _is_module_of_an_installer(words):
        return Purpose.DISTRIBUTIONS
    if _FETCHED.search(command.text):
        return Purpose.DISTRIBUTIONS
    if program == "rm" and _all_caches(words[1:]):
        return Purpose.CLEANING
    if program in {"set", "cd", "true", ":", "export", ""}:
        return Purpose.SHELL
    return Purpose.OTHER


def _is_module_of_an_installer(words: tuple[str, ...]) -> bool:
    if not words or not _PYTHON.fullmatch(words[0].rpartition("/")[2]) or "-m" not in words:
        return False
    return words[words.index("-m") + 1 :][:1] != () and words[words.index("-m") + 1] in _MODULES


def installs_something(run: Instruction) -> bool:
    """Return whether a RUN installs distributions, as far as its text says."""
    found = commands(run)
    if found is None:
        return _MENTIONED.search("\n".join((run.value, *run.heredocs))) is not None
    return any(purpose(command) is Purpose.DISTRIBUTIONS for command in found)


def brings_something(run: Instruction) -> bool:
    """Return whether a RUN installs anything, as far as its text says."""
    text = "\n".join((run.value, *run.heredocs))
    return installs_something(run) or _APT_MENTIONED.search(text) is not None


def _all_caches(words: Iterable[str]) -> bool:
    paths = [word for word in words if not word.startswith("-")]
    return bool(paths) and all(path.startswith(_CACHES) for path in paths)


def system_packages(command: Command) -> Iterator[str]:
    """Yield the Debian packages that an apt-get command installs by name."""
    if purpose(command) is not Purpose.SYSTEM or "install" not in command.words:
        return
    skip = False
    for word in command.words[command.words.index("install") + 1 :]:
        if skip or word.startswith("-"):
            skip = word in _VALUED
            continue
        name = word.partition("=")[0].partition("/")[0].partition(":")[0]
        if _PACKAGE.fullmatch(name):
            yield name


def environment_folder(command: Command) -> str | None:
    """Return the folder of the virtual environment that a command makes."""
    words = command.words
    makes = "venv" in words or command.program == "virtualenv"
    if not makes:
        return None
    paths = [word for word in words[1:] if word.startswith("/")]
    return paths[-1].rstrip("/") if paths else None
