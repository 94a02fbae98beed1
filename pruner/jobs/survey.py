"""Look through a tree for what pruner.toml would say of it. Nothing in the tree is run."""

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from pruner.errors import UsageError
from pruner.image.bases import has_cuda
from pruner.image.dockerfile import Dockerfile, read_dockerfile
from pruner.model import Value
from pruner.requirements import read_requirements

_DEEPEST = 6
_SKIPPED = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "venv"})
_NOT_SHIPPED = frozenset({"docs", "doc", "examples", "test", "tests"})
_NOT_CODE = frozenset({"setup.py", "conftest.py", "noxfile.py", "tasks.py"})
_DOCKERFILE = re.compile(r"Dockerfile(\.[\w-]+)?|[\w.-]+\.[Dd]ockerfile")
_NOT_DOCKERFILE = re.compile(r".*\.(dockerignore|bak|orig|rej|swp|md|txt)")
_REQUIREMENTS = re.compile(r".*requirements.*\.(txt|in)", re.IGNORECASE)
_GPU = re.compile(
    r"^\s*(nvidia-(?!ml)|onnxruntime-gpu|tensorflow\[and-cuda\]|cupy|faiss-gpu)|\+cu1\d\d|/whl/cu",
    re.IGNORECASE | re.MULTILINE,
)


class Found(Value, frozen=True, kw_only=True):
    """One image of the tree: paths are relative to it."""

    name: str
    path: str | None  # of the Dockerfile
    dockerfile: Dockerfile | None = None
    context: str = "."
    requirements: tuple[str, ...] = ()
    gpu: bool = False


class Survey(Value, frozen=True, kw_only=True):
    """What was found, and what could not be read."""

    images: tuple[Found, ...]
    source: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def survey(root: Path) -> Survey:
    """Look through a tree. Raises UsageError where nothing in it can be an image."""
    files = sorted(_files(root))
    requirements = [name for name in files if _is_requirements(name)]
    images: list[Found] = []
    warnings: list[str] = []
    for name in (name for name in files if _is_dockerfile(name)):
        try:
            image = _image(root, name, requirements)
        except UsageError as error:
            warnings.append(f"{_told(error)}; left out")
            continue
        if _has_python(image):
            images.append(image)
        else:
            warnings.append(f"{name}: no Python is seen in it; left out")
    if not images and requirements:
        images = [_without_dockerfile(root, requirements)]
    if not images:
        raise _nothing(root, warnings)
    for image in images:
        warnings += _unreadable(root, image)
    return Survey(
        images=tuple(_renamed(images)),
        source=_source(files, images),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def safe_name(text: str, otherwise: str) -> str:
    """Return text as a name that can be a folder, or `otherwise` where nothing is left of it."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:60]
    return name or otherwise


def _files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        deep = len(here.parts) >= _DEEPEST
        folders[:] = [] if deep else [name for name in folders if _is_looked_into(folder, name)]
        for name in names:
            if name.isprintable() and (Path(folder) / name).is_file():
                yield (here / name).as_posix()


def _is_looked_into(folder: str, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED or not name.isprintable():
        return False
    return not (Path(folder) / name / "pyvenv.cfg").exists()


def _is_dockerfile(name: str) -> bool:
    base = posixpath.basename(name)
    return bool(_DOCKERFILE.fullmatch(base)) and not _NOT_DOCKERFILE.fullmatch(base)


def _is_requirements(name: str) -> bool:
    base, folder = posixpath.basename(name), posixpath.basename(posixpath.dirname(name))
    return bool(_REQUIREMENTS.fullmatch(base)) or (
        folder == "requirements" and base.endswith((".txt", ".in"))
    )


def _image(root: Path, name: str, requirements: Sequence[str]) -> Found:
    context = _context(root, name)
    file = read_dockerfile(root / name, context=root / context, shown=name)
    named = [posixpath.normpath(posixpath.join(context, item)) for item in file.requirements]
    wanted = tuple(named) or _beside(name, requirements)
    return Found(
        name=_image_name(root, name),
        path=name,
        dockerfile=file,
        context=context,
        requirements=wanted,
        gpu=has_cuda(file.base) or "gpu" in _image_name(root, name).lower() or _gpu(root, wanted),
    )


def _context(root: Path, name: str) -> str:
    """Return the folder that is built from: where more of what is copied can be found."""
    sources = [
        source
        for copy in read_dockerfile(root / name, shown=name).copies
        for source in copy.sources
    ]
    folder = posixpath.dirname(name) or "."

    def present(context: str) -> int:
        return sum((root / context / source.lstrip("/")).exists() for source in sources)

    return folder if present(folder) > present(".") else "."


def _beside(name: str, requirements: Sequence[str]) -> tuple[str, ...]:
    """Return the requirement file that goes with a Dockerfile which names none."""
    for folder in (posixpath.dirname(name), ""):
        for item in requirements:
            if item == posixpath.join(folder, "requirements.txt"):
                return (item,)
    return ()


def _without_dockerfile(root: Path, requirements: Sequence[str]) -> Found:
    shallow = min(requirements, key=lambda name: (name.count("/"), len(name)))
    name = safe_name(root.resolve().name, "app")
    return Found(name=name, path=None, requirements=(shallow,), gpu=_gpu(root, [shallow]))


def _image_name(root: Path, name: str) -> str:
    folder, base = posixpath.split(name)
    if base.lower().endswith(".dockerfile"):
        return safe_name(base[: -len(".dockerfile")], "app")
    if base.startswith("Dockerfile."):
        return safe_name(base.removeprefix("Dockerfile."), "app")
    parent = posixpath.basename(folder)
    own = parent if parent not in {"", "docker", "dockerfiles"} else root.resolve().name
    return safe_name(own, "app")


def _renamed(images: Sequence[Found]) -> Iterator[Found]:
    taken: set[str] = set()
    for image in images:
        name, number = image.name, 2
        while name in taken:
            name, number = f"{image.name}_{number}", number + 1
        taken.add(name)
        yield msgspec.structs.replace(image, name=name)


def _gpu(root: Path, requirements: Sequence[str]) -> bool:
    for name in requirements:
        with suppress(OSError):
            if _GPU.search((root / name).read_text("utf-8", "replace")):
                return True
    return False


def _unreadable(root: Path, image: Found) -> Iterator[str]:
    try:
        found = read_requirements([root / name for name in image.requirements], root)
    except UsageError as error:
        yield _told(error)
        return
    for item in found.misplaced:
        options = " ".join(f"`{option}`" for option in item.options)
        hint = f"options of an index stand on a line of their own: {options}"
        line = " ".join((item.requirement, *item.options))
        where = f"{item.file}:{item.line}: option on the line of a requirement"
        yield f"{where}: {line} ({hint})"


def _told(error: UsageError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _has_python(image: Found) -> bool:
    file = image.dockerfile
    if file is None or file.requirements or file.python_version:
        return True
    words = (file.base, *file.argv, *image.requirements)
    return any(re.search(r"py|unicorn|torch|cuda", word) for word in words)


def _source(files: Sequence[str], images: Sequence[Found]) -> tuple[str, ...]:
    """Return the first-party trees: folders with Python files that Dockerfiles copy."""
    code = [name for name in files if name.endswith(".py")]
    copied = {path for image in images for path in _copied(image)} or {"."}
    found: set[str] = set()
    for path in copied:
        found.update(_tops(path, code))
    if "." in found or not found:
        return (".",)
    return tuple(sorted(top for top in found if not any(top.startswith(f + "/") for f in found)))


def _tops(path: str, code: Sequence[str]) -> Iterator[str]:
    """Yield the folders that copying `path` brings Python files from."""
    for name in code:
        if path == ".":
            folder = name.partition("/")[0]
        elif name == path or name.startswith(f"{path}/"):
            folder = path
        else:
            continue
        if folder != name:
            if path != "." or folder not in _NOT_SHIPPED:
                yield folder
        elif posixpath.basename(name) not in _NOT_CODE:
            yield posixpath.dirname(name) or "."  # a file by itself: its folder is the tree


def _copied(image: Found) -> Iterator[str]:
    for copy in image.dockerfile.copies if image.dockerfile else ():
        for source in copy.sources:
            plain = posixpath.dirname(source) if any(char in source for char in "*?[") else source
            yield posixpath.normpath(posixpath.join(image.context, plain.lstrip("/") or "."))


def _nothing(root: Path, warnings: Sequence[str]) -> UsageError:
    if warnings:
        return UsageError(f"no Dockerfile here can be used: {warnings[0]}")
    return UsageError(
        f"{root}: no Dockerfile and no requirements.txt here or below",
        hint="name the folder that images are built from: pruner init PATH",
    )
