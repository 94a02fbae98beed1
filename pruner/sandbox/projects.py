"""Projects as the local sandbox installs them: what they ask for, and then they themselves."""

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pruner.config import Image
from pruner.image.dockerfile import dockerfile_of
from pruner.requirements import Direct, Requirements, of_image, read_requirements
from pruner.requirements.locked import UV, lock_beside
from pruner.requirements.project import read_project
from pruner.requirements.rewritten import CONSTRAINTS, rewritten
from pruner.sandbox import uv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pruner.image.projects import Install

_SYSTEM = {"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"}


def arguments(image: Image, root: Path, folder: Path) -> list[str]:
    """Return the arguments with which uv installs what an image requires; writes into `folder`.

    Options on the lines of requirements are taken for what was meant. Where uv.lock stands beside a
    project it alone decides, as in `uv sync --frozen`; poetry.lock gives the versions.
    """
    plain = [name for name in image.requirements if name not in image.projects]
    found = read_requirements([root / name for name in plain], root)
    argv: list[str] = []
    if found.misplaced:
        argv += _written(found, folder, "plain")
    else:
        argv += [word for name in plain for word in ("-r", str(root / name))]
    for number, name in enumerate(image.projects):
        argv += _project(image, root, root / name, folder / str(number))
    alone = len(image.requirements) == len(image.projects) == 1
    locked = [lock_beside(root / name, root) for name in image.projects]
    if alone and locked[0] is not None and locked[0].name == UV:
        argv.append("--no-deps")
    return argv


def own_projects(image: Image, root: Path) -> tuple[str, ...]:
    """Return the folders of the projects that the image has installed, relative to `root`.

    A Dockerfile may install what a project requires and leave out the project itself; and what no
    build backend is named for is installed by pip alone. A project that no command of it installs
    is one to be installed where it is a package.
    """
    installs: dict[str, list[Install]] = {name: [] for name in image.projects}
    for item in _installs(image, root):
        path = posixpath.normpath(posixpath.join(image.context, item.path))
        installs.setdefault(path, []).append(item)
    return tuple(
        dict.fromkeys(
            posixpath.dirname(path) or "."
            for path, items in installs.items()
            if not path.startswith("..") and _is_installed(root, path, items)
        )
    )


def _installs(image: Image, root: Path) -> "tuple[Install, ...]":
    read = dockerfile_of(image, root)
    return read.projects if read is not None else ()


def _is_installed(root: Path, path: str, items: "Sequence[Install]") -> bool:
    whole = [item for item in items if item.whole]
    if any(item.tool == "pip" for item in whole):
        return True
    return bool(whole or not items) and read_project(root / path, path).packaged


def interpreters(image: Image, root: Path) -> tuple[str, ...]:
    """Return the interpreters, in the container, that an image may use beside the one on its PATH.

    Those are beside what an agent's command names by its whole path, and in the environments that
    `uv sync` and Poetry make: with `uv run` these need not be on PATH.
    """
    folders = [posixpath.dirname(agent.argv[0]) for agent in image.agents]
    found = [folder for folder in folders if folder.startswith("/") and folder not in _SYSTEM]
    read = dockerfile_of(image, root)
    for item in read.projects if read is not None else ():
        if read is not None and item.tool != "pip" and item.whole:
            place = read.env.get("UV_PROJECT_ENVIRONMENT", ".venv")
            found.append(posixpath.normpath(posixpath.join(item.folder, place, "bin")))
    return tuple(dict.fromkeys(f"{folder}/python" for folder in found))


def _project(image: Image, root: Path, path: Path, folder: Path) -> list[str]:
    lock = lock_beside(path, root)
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    if lock is not None and lock.name == UV:
        return _written(_exported(image, root, path, lock), folder, "locked")
    alone = msgspec.structs.replace(image, requirements=(shown,))
    found = of_image(alone, root)
    if lock is not None or not read_project(path, shown).standard:
        return _written(found, folder, "translated")
    argv = ["-r", str(path)]
    argv += [word for extra in image.extras for word in ("--extra", extra)]
    argv += [word for group in image.groups for word in ("--group", f"{path}:{group}")]
    return argv + _written(Requirements(indexes=found.indexes), folder, "indexes")


def _exported(image: Image, root: Path, path: Path, lock: Path) -> Requirements:
    """Return what uv.lock has for this project, each from the index that the lock names."""
    argv = ["export", "--project", str(path.parent), "--frozen", "--no-emit-project"]
    argv += ["--no-hashes", "--no-annotate", "--no-header", "--no-default-groups"]
    argv += ["--no-python-downloads", "--format", "requirements.txt", "--quiet"]
    argv += [word for extra in image.extras for word in ("--extra", extra)]
    argv += [word for group in image.groups for word in ("--group", group)]
    text = uv.run(argv, what=f"images.{image.name}: {lock.relative_to(root).as_posix()}")
    with_file = _parsed(text)
    read = of_image(msgspec.structs.replace(image, requirements=image.projects), root)
    places = {(pin.key, pin.pin): pin.own for pin in read.constraints}
    return msgspec.structs.replace(
        with_file,
        requirements=tuple(
            msgspec.structs.replace(item, own=places.get((item.key, item.pin)))
            for item in with_file.requirements
        ),
        direct=tuple(_placed(item, lock.parent) for item in with_file.direct),
        indexes=read.indexes,
    )


def _parsed(text: str) -> Requirements:
    import tempfile  # noqa: PLC0415  the parser reads files alone

    with tempfile.TemporaryDirectory(prefix="pruner-export-") as name:
        file = Path(name) / "requirements.txt"
        file.write_text(text, encoding="utf-8")
        return read_requirements([file])


def _placed(item: Direct, folder: Path) -> Direct:
    """Return a line that names a folder with its whole path: it was relative to the lock."""
    text = item.text.removeprefix("-e ").strip()
    if not text.startswith((".", "/")):
        return item
    whole = str((folder / text).absolute())
    return msgspec.structs.replace(item, text=f"-e {whole}" if item.editable else whole)


def _written(found: Requirements, folder: Path, name: str) -> list[str]:
    """Write requirements as files that uv reads, and return the arguments that name them."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    argv: list[str] = []
    for file, text in rewritten(found).items():
        (place / file).write_text(text, encoding="utf-8")
        argv += ["-c" if file == CONSTRAINTS else "-r", str(place / file)]
    return argv
