"""What the images of a project share, worked out once from all their committed locks."""

from collections.abc import Iterable
from typing import NamedTuple

from pruner.config import Config, Image
from pruner.config.files import read_text
from pruner.errors import PrunerError
from pruner.image.dockerfile import read_dockerfile
from pruner.image.instructions import split
from pruner.image.minimal.recipe import Shared
from pruner.image.minimal.sharing import Group, Pins, groups, pin_texts
from pruner.image.shell import commands
from pruner.image.steps import environment_folder
from pruner.jobs.committed import read_verdicts
from pruner.jobs.observe import locks_folder
from pruner.model import Document

BASES = "_base"
"""The folder beside the locks that shared bases lie in."""


class _Known(NamedTuple):
    """An image with a committed lock."""

    document: Document
    base: str
    venv: str | None
    texts: dict[str, str]


class Sharing:
    """Which pins each image shares with others, and what every image stands on."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[str, _Known] = {}
        for name, image in config.images.items():
            try:
                self._known[name] = _known(config, image)
            except PrunerError:
                continue  # it has no lock yet, or none that can be read: it shares nothing
        self._groups = groups(_pins(self._known))
        self._names = dict(zip(self._groups, _names(self._groups), strict=True))

    def base(self, image: str) -> str:
        """Return the base of an image, with its digest where that is known."""
        return self._known[image].base

    def venv(self, image: str) -> str | None:
        """Return the folder of the virtual environment that an image has, if it has one."""
        return self._known[image].venv

    def group(self, image: str) -> Group | None:
        """Return the group that an image is in."""
        return next((group for group in self._groups if image in group.images), None)

    def shared(self, image: str) -> Shared | None:
        """Return what an image shares with others."""
        group = self.group(image)
        if group is None:
            return None
        name = self._names[group]
        return Shared(
            name=name,
            images=group.images,
            requirements=f"{self._config.locks}/{BASES}/{name}/requirements.txt",
            pins=len(group.names),
            size_bytes=group.size_bytes,
        )

    def requirements(self, image: str) -> str:
        """Return the requirements.txt of what an image shares with others."""
        group = self.group(image)
        texts = self._known[image].texts
        pins = [texts[name] for name in group.names] if group is not None else []
        head = "# Written by pruner: what the locks of several images have in common."
        return "\n".join([head, *pins]) + "\n"


def _known(config: Config, image: Image) -> _Known:
    folder = locks_folder(config, image)
    document = read_verdicts(folder / "verdicts.json")
    text = read_text(folder / "requirements.txt", "requirements.txt")
    base, venv = _below(config, image, document)
    return _Known(document, base, venv, pin_texts(text))


def _below(config: Config, image: Image, document: Document) -> tuple[str, str | None]:
    if image.dockerfile is None:
        return f"python:{'.'.join(document.python.split('.')[:2])}-slim", None
    path = config.root / image.dockerfile
    base = read_dockerfile(path, image.build_args).base
    if document.base is not None and document.base.name == base and document.base.digest:
        base = f"{base.partition('@')[0]}@{document.base.digest}"
    prefix = document.executable.rpartition("/bin/")[0]
    made = {
        folder
        for item in split(read_text(path, image.dockerfile), image.dockerfile)
        if item.name == "RUN"
        for command in commands(item) or ()
        if (folder := environment_folder(command))
    }
    return base, prefix if prefix in made else None


def _pins(known: dict[str, _Known]) -> Iterable[Pins]:
    for name, each in known.items():
        if each.venv is None:
            sizes = {row.name: row.size_bytes for row in each.document.distributions if row.kept}
            key = (each.base, each.document.python, each.document.executable)
            yield Pins(image=name, key=key, texts=each.texts, sizes=sizes)


def _names(found: Iterable[Group]) -> list[str]:
    names: list[str] = []
    for group in found:
        kind = "gpu" if any(name.startswith("nvidia-") for name in group.names) else "cpu"
        number = sum(name.partition("-")[0] == kind for name in names) + 1
        names.append(kind if number == 1 else f"{kind}-{number}")
    return names
