"""Looking pins up on their indexes, by uv: each on its own and on no other.

A requirement can be tied to one index in a pyproject.toml alone, so that is what uv gets.
"""

import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import tomlkit

from pruner.lock.places import Place
from pruner.model import Inventory, Value
from pruner.sandbox import uv
from pruner.urls import bare

Form = Literal["requirements.txt", "pylock.toml"]


class Pin(Value, frozen=True):
    """One line of a lock before its hashes are known; `place` None is the default index."""

    name: str
    version: str
    place: Place | None = None
    archive: str | None = None  # the URL that it was installed from, where that was no index

    @property
    def requirement(self) -> str:
        """The pin as PEP 508 writes it."""
        return f"{self.name} @ {self.archive}" if self.archive else f"{self.name}=={self.version}"


class Offer(Value, frozen=True, kw_only=True):
    """What an index has of one version: the file that an installer would take, and the source."""

    url: str
    sha256: str
    wheel: bool
    source: str | None = None  # sha256 of the source archive
    uploaded: datetime | None = None  # of the source archive


class Compiler(Value, frozen=True):
    """How pins are looked up: for which image and interpreter, and what the default index is."""

    image: str
    inventory: Inventory
    default: Place | None = None

    def compile(self, pins: Sequence[Pin], forms: Sequence[Form]) -> list[str]:
        """Return the lock of some pins in each of the forms, unbound and without a header.

        Without metadata of its own uv would build every release that has no wheel, to learn what
        it requires; nothing is to be resolved, so it is told that they require nothing.
        """
        with tempfile.TemporaryDirectory(prefix="pruner-pins-") as name:
            folder = Path(name)
            (folder / "uv.toml").write_text(self._settings(pins), encoding="utf-8")
            (folder / "pyproject.toml").write_text(_project(pins), encoding="utf-8")
            return [self._compiled(folder, form) for form in forms]

    def offer(self, pin: Pin) -> Offer | None:
        """Return what the pin's index has of it; None: nothing that fits this interpreter."""
        try:
            (text,) = self.compile([pin], ["pylock.toml"])
        except uv.NotThereError:
            return None
        (package,) = tomlkit.parse(text).unwrap()["packages"]
        return offer_of(package)

    def index_of(self, pin: Pin) -> str:
        """Return the URL of the index that a pin is found on, without what is secret in it."""
        (text,) = self.compile([pin], ["requirements.txt"])
        found = re.search(r"# from (\S+)", text)
        return bare(found[1]) if found else "the default index"

    def _compiled(self, folder: Path, form: Form) -> str:
        argv = ["pip", "compile", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
        argv += ["--quiet", "--python-version", self.inventory.python]
        # Nothing is built, so any interpreter will do where that version is not on this machine; uv
        # would try to download it first, for most of a minute where it cannot.
        argv += ["--emit-index-annotation", "--no-python-downloads", "--format", form]
        argv += [str(folder / "pyproject.toml"), "--output-file", str(folder / form)]
        argv += ["--config-file", str(folder / "uv.toml")]
        uv.run(argv, what=f"images.{self.image}: lock", env=uv.ALONE, cwd=folder)
        return (folder / form).read_text(encoding="utf-8")

    def _settings(self, pins: Iterable[Pin]) -> str:
        metadata = [
            {"name": pin.name, "version": pin.version, "requires-dist": list[str]()} for pin in pins
        ]
        settings: dict[str, Any] = {"dependency-metadata": metadata}
        if self.default is not None:
            settings["index"] = [{**_index(self.default), "default": True}]
        return tomlkit.dumps(settings)


def offer_of(package: dict[str, Any]) -> Offer | None:
    """Return what a package of a pylock says that its index has."""
    source = package.get("sdist")
    wheels = package.get("wheels") or []
    file = wheels[0] if wheels else source
    if file is None:
        return None
    uploaded = (source or {}).get("upload-time")
    return Offer(
        url=file["url"],
        sha256=file["hashes"]["sha256"],
        wheel=bool(wheels),
        source=source["hashes"]["sha256"] if source else None,
        uploaded=uploaded if isinstance(uploaded, datetime) else None,
    )


def _project(pins: Iterable[Pin]) -> str:
    places = dict.fromkeys(pin.place for pin in pins if pin.place is not None)
    names = {place: f"pruner-{number}" for number, place in enumerate(places)}
    indexes = [
        # Some indexes forbid what they do not have.
        {"name": name, **_index(place), "explicit": True, "ignore-error-codes": [403]}
        for place, name in names.items()
    ]
    sources = {pin.name: {"index": names[pin.place]} for pin in pins if pin.place is not None}
    dependencies = [pin.requirement for pin in pins]
    project = {"name": "pruner-pins", "version": "0", "dependencies": dependencies}
    return tomlkit.dumps(
        {"project": project, "tool": {"uv": {"index": indexes, "sources": sources}}}
    )


def _index(place: Place) -> dict[str, Any]:
    return {"url": place.url, **({"format": "flat"} if place.flat else {})}
