"""What the commands of a Dockerfile are for: system packages, distributions, cleaning, the rest."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from pruner.image.shell import Command

_PIP = re.compile(r"pip[\d.]*")
_PYTHON = re.compile(r"python[\d.]*")
_INSTALLERS = frozenset(
    [
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "hatch",
        "pip-sync",
        "conda",
        "mamba",
        "micromamba",
        "virtualenv",
    ]
)
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
    if _PIP.fullmatch(program) or program in _INSTALLERS or _is_module_of_an_installer(words):
        return Purpose.DISTRIBUTIONS
    if program == "rm" and _all_caches(words[1:]):
        return Purpose.CLEANING
    if program in {"set", "cd", "true", ":", "export", ""}:
        return Purpose.SHELL
    return Purpose.OTHER


def _is_module_of_an_installer(words: tuple[str, ...]) -> bool:
    if not words or not _PYTHON.fullmatch(words[0].rpartition("/")[2]) or "-m" not in words:
        return False
    module = words[words.index("-m") + 1 :][:1]
    return module in {
        ("pip",),
        ("venv",),
        ("ensurepip",),
        ("compileall",),
        ("virtualenv",),
        ("uv",),
    }


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
