"""What an image seems to be made from: requirement files, or a project with extras and groups."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pruner.errors import UsageError
from pruner.image.dockerfile import Dockerfile
from pruner.image.projects import Install
from pruner.model import Value
from pruner.requirements import read_requirements
from pruner.requirements.project import FILE, Project, read_project

_DESCRIBES = re.compile(r"^\s*\[\s*(project|tool\.poetry)\s*[\].]", re.MULTILINE)
_MINORS = range(8, 30)
_GPU = re.compile(
    r"^\s*[\"']?(nvidia-(?!ml)|onnxruntime-gpu|tensorflow\[and-cuda\]|cupy|faiss-gpu)"
    r"|\+cu1\d\d|/whl/cu",
    re.IGNORECASE | re.MULTILINE,
)


class Wants(Value, frozen=True, kw_only=True):
    """The requirements of an image, and what its project says besides."""

    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    scripts: dict[str, str] = {}  # noqa: RUF012
    python: str | None = None
    warnings: tuple[str, ...] = ()


def wants(root: Path, file: Dockerfile, name: str, context: str, known: Sequence[str]) -> Wants:
    """Return what a Dockerfile installs, else what stands nearest to it.

    `known` are the requirement files and projects of the tree.
    """
    warnings: list[str] = []
    named = [posixpath.normpath(posixpath.join(context, item)) for item in file.requirements]
    installs: dict[str, list[Install]] = {}
    for item in (item for item in file.projects if not item.alone):
        path = posixpath.normpath(posixpath.join(context, item.path))
        if posixpath.basename(path) == FILE:
            installs.setdefault(path, []).append(item)
        else:
            warnings.append(f"{path}: what it requires is known to a build alone; not read")
    wanted = (*named, *installs) or _beside(name, context, known)
    return _with_projects(root, wanted, installs, warnings)


def of_files(root: Path, names: Sequence[str]) -> Wants:
    """Return the same where there is no Dockerfile."""
    return _with_projects(root, names, {}, [])


def unreadable(root: Path, found: Wants) -> Iterator[str]:
    """Yield what is wrong with the requirements of an image."""
    paths = [root / name for name in found.requirements]
    try:
        read = read_requirements(paths, root, found.extras, found.groups)
    except UsageError as error:
        yield told(error)
        return
    for item in read.misplaced:
        options = " ".join(f"`{option}`" for option in item.options)
        hint = f"options of an index stand on a line of their own: {options}"
        line = " ".join((item.requirement, *item.options))
        where = f"{item.file}:{item.line}: option on the line of a requirement"
        yield f"{where}: {line} ({hint})"


def told(error: UsageError) -> str:
    """Return an error as one line of a warning."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def names_gpu(root: Path, requirements: Sequence[str]) -> bool:
    """Return whether requirement files name what is made for a GPU."""
    for name in requirements:
        with suppress(OSError):
            if _GPU.search((root / name).read_text("utf-8", "replace")):
                return True
    return False


def describes_project(root: Path, name: str) -> bool:
    """Return whether a file is a pyproject.toml with a project, and not only settings of tools."""
    if posixpath.basename(name) != FILE:
        return False
    with suppress(OSError):
        return bool(_DESCRIBES.search((root / name).read_text("utf-8", "replace")))
    return False


def _beside(name: str, context: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return what goes with a Dockerfile that names nothing."""
    for folder in (posixpath.dirname(name), "" if context == "." else context, ""):
        for base in ("requirements.txt", FILE):
            if posixpath.join(folder, base) in known:
                return (posixpath.join(folder, base),)
    return ()


def _with_projects(
    root: Path, wanted: Sequence[str], installs: dict[str, list[Install]], warnings: list[str]
) -> Wants:
    extras: dict[str, None] = {}
    groups: dict[str, None] = {}
    scripts: dict[str, str] = {}
    python: str | None = None
    for path in wanted:
        if posixpath.basename(path) != FILE:
            continue
        try:
            project = read_project(root / path, path)
        except UsageError:
            continue  # it is told where its requirements are read
        scripts |= project.scripts
        python = python or _lowest(project.requires_python)
        for item in installs.get(path, ()):
            for kind, names, to in (
                ("extra", _extras(item, project), extras),
                ("group", _groups(item, project), groups),
            ):
                known = project.extras if kind == "extra" else project.groups
                to.update(dict.fromkeys(each for each in names if each in known))
                warnings += [f"{path}: has no {kind} {each}" for each in names if each not in known]
    return Wants(
        requirements=tuple(wanted),
        extras=tuple(extras),
        groups=tuple(groups),
        scripts=scripts,
        python=python,
        warnings=tuple(warnings),
    )


def _extras(item: Install, project: Project) -> list[str]:
    return list(project.extras) if item.extras == ("*",) else list(item.extras)


def _groups(item: Install, project: Project) -> list[str]:
    chosen = list(project.groups) if item.groups == ("*",) else list(item.groups)
    defaults = project.default_groups if item.defaults and item.tool != "pip" else ()
    return [name for name in dict.fromkeys((*defaults, *chosen)) if name not in item.without]


def _lowest(requires: str) -> str | None:
    """Return the lowest Python that a project takes, where it says which."""
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        return None
    if not any(each.operator in {">=", "==", "~=", ">"} for each in allowed):
        return None
    # A late patch release stands for the minor: ">=3.11.4" is 3.11.
    fitting = (f"3.{minor}" for minor in _MINORS if allowed.contains(f"3.{minor}.99"))
    return next(fitting, None)
