"""What the images of a project stand on and share, worked out once from all their locks."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import NamedTuple

from pruner.config import Config, Image
from pruner.config.files import read_text
from pruner.document import Document
from pruner.errors import PrunerError
from pruner.files import write_all
from pruner.image.minimal.base import Moved, slimmer
from pruner.image.minimal.recipe import Shared
from pruner.image.minimal.sharing import Group, Pins, groups, pin_texts
from pruner.jobs.committed import read_verdicts
from pruner.jobs.observe import locks_folder
from pruner.jobs.original import Read, environment, named_packages, programs, read

BASES = "_base"
"""The folder beside the locks that shared bases lie in."""
BROUGHT = ("pip", "setuptools", "wheel")
"""What images of Python bring."""
_PIP = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT")
_OPTION = re.compile(r"^--\S.*$", re.MULTILINE)


class Known(NamedTuple):
    """An image with a committed lock: what it is now, and what its new one stands on."""

    document: Document
    read: Read
    base: str
    moved: Moved | None  # another base takes the place of the original's
    stays: str  # why a base with CUDA stays
    venv: str | None
    python: str  # what installs
    pip: tuple[str, ...]  # variables that say how pip reaches an index
    options: tuple[str, ...]  # those that stand in the lock
    texts: dict[str, str]

    @property
    def replaced(self) -> tuple[str, ...]:
        """Return the pins that the base may have in another version."""
        system = self.python.startswith("/usr/bin/") or self.venv is not None
        return () if system else tuple(name for name in BROUGHT if name in self.texts)


class Sharing:
    """Which pins each image shares with others, and what every image stands on."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[str, Known] = {}
        self._failed: dict[str, PrunerError] = {}
        for name, image in config.images.items():
            try:
                self._known[name] = _known(config, image)
            except PrunerError as error:  # it has no lock yet, or none that can be read
                self._failed[name] = error
        self._groups = groups(_pins(self._known))
        self._names = {group: _name(group, self._text(group)) for group in self._groups}

    def known(self, image: str) -> Known:
        """Return what is known of an image; raise what was wrong with it."""
        if image in self._failed:
            raise self._failed[image]
        return self._known[image]

    def group(self, image: str) -> Group | None:
        """Return the group that an image is in."""
        return next((group for group in self._groups if image in group.images), None)

    def shared(self, image: str) -> Shared | None:
        """Return what an image shares with others."""
        group = self.group(image)
        if group is None:
            return None
        name, known = self._names[group], self._known[group.images[0]]
        return Shared(
            name=name,
            images=group.images,
            requirements=f"{self._config.locks}/{BASES}/{name}/requirements.txt",
            pins=len(group.names),
            size_bytes=group.size_bytes,
            saved_bytes=group.saved_bytes,
            python=known.python,
            pip=known.pip,
            replaced=tuple(row for row in known.replaced if row in group.names),
        )

    def requirements(self, image: str) -> str:
        """Return the requirements.txt of what an image shares with others."""
        group = self.group(image)
        return self._text(group) if group is not None else ""

    def _text(self, group: Group) -> str:
        known = self._known[group.images[0]]
        pins = [known.texts[name] for name in group.names]
        head = "# Written by pruner: what the locks of several images have in common."
        return "\n".join([head, *known.options, *pins]) + "\n"

    def tidy(self) -> None:
        """Remove the shared bases that no image stands on any more."""
        folder = self._config.root / self._config.locks / BASES
        used = set(self._names.values())
        stale = [path for path in folder.glob("*/*") if path.parent.name not in used]
        write_all({}, without=(path for path in stale if path.name in BASE_FILES))
        for each in (*{path.parent for path in stale}, folder):
            with suppress(OSError):  # something else lies in it
                each.rmdir()


BASE_FILES = ("Dockerfile", "Dockerfile.dockerignore", "requirements.txt")
"""What lies in the folder of a shared base."""


def _known(config: Config, image: Image) -> Known:
    folder = locks_folder(config, image)
    document = read_verdicts(folder / "verdicts.json")
    text = read_text(folder / "requirements.txt", f"{folder.name}/requirements.txt")
    original = read(config, image, document)
    base = original.value.base
    moved = slimmer(
        base,
        document,
        named_packages(original.last),
        programs(original.last),
        original.value.argv,
        config.rules,
    )
    if isinstance(moved, Moved):
        base = moved.base
    elif document.base is not None and document.base.name == base and document.base.digest:
        base = f"{base.partition('@')[0]}@{document.base.digest}"
    venv = environment(original, document)
    system = isinstance(moved, Moved) or venv is not None or not document.executable
    return Known(
        document=document,
        read=original,
        base=base,
        moved=moved if isinstance(moved, Moved) else None,
        stays=moved if isinstance(moved, str) else "",
        venv=venv,
        python="python3" if system else document.executable,
        pip=_variables({**_open(image.build_args), **original.value.env}),
        options=tuple(_OPTION.findall(text)),
        texts=pin_texts(text),
    )


def _variables(env: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={env[name]}" for name in _PIP if env.get(name))


def _open(args: Mapping[str, str]) -> dict[str, str]:
    """Return the build arguments that pip reads and that hold no secret; the lock has the index."""
    return {name: args[name] for name in ("PIP_TRUSTED_HOST", "PIP_CERT") if name in args}


def _pins(known: dict[str, Known]) -> Iterable[Pins]:
    for name, each in known.items():
        if each.venv is None:
            sizes = {row.name: row.size_bytes for row in each.document.distributions if row.kept}
            key = (each.base, each.document.python, each.python, *each.pip, *each.options)
            built = _built(each.document)
            texts = {pin: text for pin, text in each.texts.items() if pin not in built}
            yield Pins(image=name, key=key, texts=texts, sizes=sizes)


def _built(document: Document) -> frozenset[str]:
    """Return the pins that have no wheel: the builder of each image has what builds them."""
    return frozenset(
        pin.partition("==")[0]
        for row in document.findings
        if row.code in {"PRN121", "PRN123"}
        for pin in row.where.split(", ")
    )


def _name(group: Group, text: str) -> str:
    """Return the name of a shared base.

    It says what is in it: a Dockerfile that was written for other pins must not find these.
    """
    kind = "gpu" if any(name.startswith("nvidia-") for name in group.names) else "cpu"
    return f"{kind}-{sha256(text.encode()).hexdigest()[:8]}"
