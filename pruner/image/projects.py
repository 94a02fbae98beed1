"""Which projects a RUN line installs from their own folder: `pip install .`, `uv sync`, Poetry."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from pruner.image.commands import commands
from pruner.image.instructions import Instruction
from pruner.model import Value, normalise

_PIP = re.compile(r"(.*/)?pip[\d.]*")
_UV = re.compile(r"(.*/)?uv")
_POETRY = re.compile(r"(.*/)?poetry")
_FOLDER = re.compile(r"(?:file://)?(\.{0,2}/[^\[\]]*|\.{1,2})(?:\[([^\[\]]*)\])?")
_ARCHIVE = (".whl", ".gz", ".zip", ".bz2", ".xz", ".txt", ".in", ".toml")
_VALUED = frozenset({
    "-c", "-e", "-r", "-t", "-i", "-f", "--constraint", "--requirement", "--target", "--prefix",
    "--root", "--index-url", "--extra-index-url", "--find-links", "--python", "--cache-dir",
    "--editable",
})  # fmt: skip


class Install(Value, frozen=True, kw_only=True):
    """One installation of a project, as far as its command says."""

    folder: str  # absolute in the container
    path: str = ""  # of its description, in the build context
    tool: str  # "pip" | "uv" | "poetry"
    extras: tuple[str, ...] = ()  # "*": all of them
    groups: tuple[str, ...] = ()  # the same
    without: tuple[str, ...] = ()
    defaults: bool = False  # the groups that its tool installs unless told otherwise, too
    alone: bool = False  # without what it requires
    whole: bool = True  # the project itself as well, and not only what it requires


def installed_projects(
    run: Instruction, workdir: str, variables: Mapping[str, str]
) -> Iterator[Install]:
    """Yield the projects that a RUN line installs, with what they require."""
    folder = workdir
    for argv in commands(run, variables):
        if argv[:1] == ["cd"] and len(argv) > 1:
            folder = posixpath.join(folder, argv[1])
        for at, word in enumerate(argv):
            rest = argv[at + 1 :]
            if _PIP.fullmatch(word) and "install" in rest:
                yield from _pip(rest, folder)
                break
            if _UV.fullmatch(word) and {"sync", "export"} & set(rest[:1]):
                yield _uv(rest, folder, variables)
                break
            if _POETRY.fullmatch(word) and {"install", "sync", "export"} & set(rest):
                yield _poetry(rest, folder)
                break


def _pip(words: Sequence[str], folder: str) -> Iterator[Install]:
    groups = tuple(value.rpartition(":")[2] for value in _values(words, "--group"))
    editable = [*_values(words, "-e"), *_values(words, "--editable")]
    plain = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if before not in _VALUED and not word.startswith("-")
    ]
    for word in [*editable, *plain]:
        match = _FOLDER.fullmatch(word)
        if match and not match[1].endswith(_ARCHIVE):
            yield Install(
                folder=posixpath.normpath(posixpath.join(folder, match[1])),
                tool="pip",
                extras=_names([match[2] or ""]),
                groups=groups,
                alone="--no-deps" in words,
            )


def _uv(words: Sequence[str], folder: str, variables: Mapping[str, str]) -> Install:
    inside = [*_values(words, "--project"), *_values(words, "--directory")]
    without = _names(_values(words, "--no-group"))
    no_dev = "--no-dev" in words or variables.get("UV_NO_DEV", "") not in {"", "0", "false"}
    only = _names(_values(words, "--only-group"))
    return Install(
        folder=posixpath.normpath(posixpath.join(folder, *inside[:1])),
        tool="uv",
        extras=("*",) if "--all-extras" in words else _names(_values(words, "--extra")),
        groups=("*",) if "--all-groups" in words else _names(_values(words, "--group")) + only,
        without=(*without, "dev") if no_dev else without,
        defaults=not only and "--no-default-groups" not in words,
        whole="export" not in words[:1]
        and not {"--no-install-project", "--no-install-workspace", "--no-install-local"}
        & set(words),
    )


def _poetry(words: Sequence[str], folder: str) -> Install:
    inside = [
        value for name in ("-C", "--directory", "-P", "--project") for value in _values(words, name)
    ]
    only = _names(_values(words, "--only"))
    extras = [*_values(words, "-E"), *_values(words, "--extras")]
    without = _names(_values(words, "--without"))
    export = "export" in words
    return Install(
        folder=posixpath.normpath(posixpath.join(folder, *inside[:1])),
        tool="poetry",
        extras=("*",) if "--all-extras" in words else _names(extras),
        groups=tuple(name for name in (*_names(_values(words, "--with")), *only) if name != "main"),
        without=(*without, "dev") if "--no-dev" in words else without,
        defaults=not only and not export,
        whole=not ({"--no-root", "--only-root", "--no-directory"} & set(words)) and not export,
    )


def _values(words: Sequence[str], option: str) -> list[str]:
    """Return the values of an option, as `--name value` and as `--name=value`."""
    found = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == option and (equals or following):
            found.append(value if equals else following)
    return found


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    """Return names that stand apart by commas or spaces."""
    names = [name for text in texts for name in re.split(r"[,\s]+", text) if name]
    return tuple(dict.fromkeys(map(normalise, names)))
