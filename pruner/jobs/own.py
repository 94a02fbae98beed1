"""The image's own project where it was installed as a distribution: first-party code all the same.

A distribution is the image's own where the folder that its direct_url.json names holds first-party
source: in the local sandbox a folder of the project; in an image one whose pyproject.toml (or
setup.py, or setup.cfg) a COPY or a mount brought from such a folder of the build context.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from pruner.analysis.attribution import module_of
from pruner.config import Config, Image
from pruner.image.copies import DESCRIPTIONS
from pruner.image.dockerfile import dockerfile_of
from pruner.model import Distribution, Inventory, SourceTree, normalise


def with_own(inventory: Inventory, config: Config, image: Image) -> Inventory:
    """Return the inventory with the folder of every distribution that is the image's own."""
    rows = tuple(
        msgspec.structs.replace(dist, own=_folder(dist, config, image))
        if dist.local is not None
        else dist
        for dist in inventory.distributions
    )
    return msgspec.structs.replace(inventory, distributions=rows)


def with_copies(inventory: Inventory, tree: SourceTree) -> Inventory:
    """Return the inventory with the installed files that are those of the source tree.

    What a build made, and no file of the tree is, stays the distribution's.
    """
    found: dict[str, str] = {}
    for dist in inventory.distributions:
        if dist.own is not None:
            inside = "" if dist.own == "." else f"{dist.own}/"
            paths = {
                file.module: path for path, file in tree.files.items() if path.startswith(inside)
            }
            for path, module in _modules(dist, inventory):
                if module in paths:
                    found[path] = paths[module]
    return msgspec.structs.replace(inventory, copies=found)


def own_requirements(inventory: Inventory, extras: tuple[str, ...]) -> Iterator[str]:
    """Yield the image's own projects and what they require: that is required directly."""
    wanted = {"", *map(normalise, extras)}
    for dist in inventory.distributions:
        if dist.own is not None:
            yield f"{dist.key}[{','.join(extras)}]"
        for line in dist.requires if dist.own is not None else ():
            try:
                read = Requirement(line)
            except (InvalidRequirement, RecursionError):
                continue
            if read.marker is None or any(_holds(read, inventory, extra) for extra in wanted):
                read.marker = None
                read.url = None
                yield str(read)


def _holds(read: Requirement, inventory: Inventory, extra: str) -> bool:
    try:
        marker = read.marker
        return marker is not None and marker.evaluate({**inventory.markers, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True


def _folder(dist: Distribution, config: Config, image: Image) -> str | None:
    url = urlsplit(dist.local or "")
    if url.scheme != "file":
        return None
    path = posixpath.normpath(unquote(url.path))
    folder = _of_project(path, config.root) or _of_image(path, config, image)
    return folder if folder is not None and _is_first_party(folder, config.source) else None


def _of_project(path: str, root: Path) -> str | None:
    full = Path(path)
    if not full.is_relative_to(root) or not any((full / name).is_file() for name in DESCRIPTIONS):
        return None
    return full.relative_to(root).as_posix()


def _of_image(path: str, config: Config, image: Image) -> str | None:
    read = dockerfile_of(image, config.root)
    found = read.tree_of(path, config.root / image.context) if read is not None else None
    return None if found is None else posixpath.normpath(posixpath.join(image.context, found))


def _is_first_party(folder: str, sources: tuple[str, ...]) -> bool:
    """Return whether a folder holds a source tree, or lies in one."""
    if folder.startswith(".."):
        return False
    here = f"{folder}/" if folder != "." else ""
    trees = ("" if tree == "." else f"{posixpath.normpath(tree)}/" for tree in sources)
    return any(tree.startswith(here) or here.startswith(tree) for tree in trees)


def _modules(dist: Distribution, inventory: Inventory) -> Iterator[tuple[str, str]]:
    for file in dist.files:
        site = next((each for each in inventory.site_dirs if file.path.startswith(f"{each}/")), "")
        module, _ = module_of(file.path[len(site) + 1 :]) if site else ("", 0)
        if module and file.path.endswith(".py"):
            yield file.path, module
