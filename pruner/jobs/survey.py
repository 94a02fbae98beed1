"""Look through a tree for what pruner.toml would say of it. Nothing in the tree is run."""

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from pruner.errors import UsageError
from pruner.image.bases import has_cuda
from pruner.image.compose import Build
from pruner.image.dockerfile import Dockerfile, read_dockerfile
from pruner.jobs.code import source
from pruner.jobs.fleet import Fleet, beside_of, fleets, left_out, read_build, starts_of
from pruner.jobs.found import Found, Survey
from pruner.jobs.starts import starts
from pruner.jobs.wants import Wants, describes_project, names_gpu, of_files, told, unreadable, wants
from pruner.requirements.project import FILE

_DEEPEST = 6
_SKIPPED = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "venv"})
_DOCKERFILE = re.compile(r"Dockerfile(\.[\w-]+)?|[\w.-]+\.[Dd]ockerfile")
_NOT_DOCKERFILE = re.compile(r".*\.(dockerignore|bak|orig|rej|swp|md|txt)")
_REQUIREMENTS = re.compile(r".*requirements.*\.(txt|in)", re.IGNORECASE)


def survey(root: Path) -> Survey:
    """Look through a tree. Raises UsageError where nothing in it can be an image."""
    files = sorted(_files(root))
    known = [name for name in files if _is_requirements(name) or describes_project(root, name)]
    composed, warnings = fleets(root, files)
    images: list[Found] = []
    built = {fleet.build.dockerfile for fleet in composed}
    alone = (name for name in files if _is_dockerfile(name) and name not in built)
    places: list[Fleet | str] = [*composed, *alone]
    for place in places:
        name = place if isinstance(place, str) else place.build.dockerfile
        try:
            image, said = _image(root, place, known)
        except UsageError as error:
            warnings.append(f"{told(error)}; left out")
            continue
        if _has_python(image):
            images.append(image)
            warnings += said
        else:
            warnings.append(f"{name}: no Python is seen in it; left out")
    if not images and known:
        images = [_without_dockerfile(root, known)]
    if not images:
        raise _nothing(root, warnings)
    for image in images:
        found = Wants(requirements=image.requirements, extras=image.extras, groups=image.groups)
        warnings += unreadable(root, found)
    images = _named_apart(images)
    return Survey(
        images=tuple(_renamed(images)),
        source=source(files, images),
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
    listed = folder == "requirements" and base.endswith((".txt", ".in"))
    return bool(_REQUIREMENTS.fullmatch(base)) or listed


def _image(root: Path, place: Fleet | str, known: Sequence[str]) -> tuple[Found, list[str]]:
    """Return the image of a Dockerfile, or of what compose files build, and what is to be said."""
    if isinstance(place, str):
        fleet, build = None, Build(context=_context(root, place), dockerfile=place)
    else:
        fleet, build = place, place.build
    file, name = read_build(root, build), build.dockerfile
    wanted = wants(root, file, name, build.context, known)
    services = fleet.services if fleet else ()
    asked = next((service.where for service in services if service.gpu), None)
    gpu_from = asked or _gpu_from(root, file, name, wanted)
    own = () if fleet else starts(root, file, build.context, posixpath.dirname(name))
    found = Found(
        name=_image_name(root, name),
        path=name,
        dockerfile=file,
        context=build.context,
        target=build.target,
        build_args=build.args,
        requirements=wanted.requirements,
        extras=wanted.extras,
        groups=wanted.groups,
        scripts=wanted.scripts,
        python=file.python_version or wanted.python,
        python_from=f"{file.base} brings it" if file.python_version else "requires-python",
        gpu=bool(gpu_from),
        gpu_from=gpu_from,
        starts=starts_of(fleet, file) if fleet else own,
        beside=beside_of(fleet) if fleet else (),
    )
    said = left_out(fleet, file) if fleet else ()
    return found, [*said, *wanted.warnings]


def _gpu_from(root: Path, file: Dockerfile, name: str, wanted: Wants) -> str:
    named = has_cuda(file.base) or "gpu" in _image_name(root, name).lower()
    if named or names_gpu(root, wanted.requirements):
        return "from names in the base image or the requirements"
    return ""


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


def _without_dockerfile(root: Path, known: Sequence[str]) -> Found:
    shallow = min(known, key=lambda name: (name.count("/"), name.endswith(FILE), len(name)))
    name = safe_name(root.resolve().name, "app")
    wanted = of_files(root, [shallow])
    gpu = names_gpu(root, [shallow])
    return Found(
        name=name,
        path=None,
        requirements=wanted.requirements,
        scripts=wanted.scripts,
        python=wanted.python,
        python_from="requires-python",
        gpu=gpu,
        gpu_from="from names in the base image or the requirements" if gpu else "",
    )


def _image_name(root: Path, name: str) -> str:
    folder, base = posixpath.split(name)
    if base.lower().endswith(".dockerfile"):
        return safe_name(base[: -len(".dockerfile")], "app")
    if base.startswith("Dockerfile."):
        return safe_name(base.removeprefix("Dockerfile."), "app")
    parent = posixpath.basename(folder)
    own = parent if parent not in {"", "docker", "dockerfiles"} else root.resolve().name
    return safe_name(own, "app")


def _named_apart(images: Sequence[Found]) -> list[Found]:
    """Name images that one Dockerfile makes, by other arguments or stages, after their services."""
    paths = [image.path for image in images]
    return [
        msgspec.structs.replace(image, name=safe_name(image.starts[0].name or "", image.name))
        if image.path is not None and paths.count(image.path) > 1 and image.starts
        else image
        for image in images
    ]


def _renamed(images: Sequence[Found]) -> Iterator[Found]:
    taken: set[str] = set()
    for image in images:
        name, number = image.name, 2
        while name in taken:
            name, number = f"{image.name}_{number}", number + 1
        taken.add(name)
        yield msgspec.structs.replace(image, name=name)


def _has_python(image: Found) -> bool:
    file = image.dockerfile
    if file is None or file.requirements or file.projects or file.python_version:
        return True
    words = (file.base, *(word for start in image.starts for word in start.argv), *file.argv)
    return any(re.search(r"py|unicorn|torch|cuda", word) for word in (*words, *image.requirements))


def _nothing(root: Path, warnings: Sequence[str]) -> UsageError:
    if warnings:
        hint = "mend it, or name another folder: pruner init PATH"
        return UsageError(f"no Dockerfile here can be used: {warnings[0]}", hint=hint)
    return UsageError(
        f"{root}: no Dockerfile, no requirements.txt and no pyproject.toml here or below",
        hint="name the folder that images are built from: pruner init PATH",
    )
