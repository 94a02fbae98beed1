"""The image's own projects, as what a build of each reads."""

import posixpath
from collections.abc import Iterator

from pruner.config import Config
from pruner.document import Document
from pruner.image.minimal.recipe import Own

_READ = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README", "LICENSE", "COPYING")
"""How the names of files begin that a build reads beside the code."""


def own_projects(config: Config, document: Document) -> tuple[Own, ...]:
    """Return the projects that an image installs from its own tree."""
    rows = [row for row in document.distributions if row.own is not None and row.kept]
    return tuple(_project(config, row.name, row.own or "") for row in rows)


def _project(config: Config, name: str, folder: str) -> Own:
    folder = "" if folder == "." else folder.rstrip("/")
    trees = sorted(_inside(config, folder))
    place = config.root / folder
    files = [
        posixpath.join(folder, path.name)
        for path in sorted(place.iterdir() if place.is_dir() else ())
        if trees and path.is_file() and path.name.startswith(_READ)
    ]
    return Own(
        name=name,
        folder=folder,
        files=tuple(files),
        folders=tuple(trees) or (folder or ".",),
    )


def _inside(config: Config, folder: str) -> Iterator[str]:
    """Yield the first-party trees below a folder, the folder itself left out."""
    for source in config.source:
        tree = posixpath.normpath(source)
        if tree not in {folder, "."} and (not folder or tree.startswith(f"{folder}/")):
            yield tree
