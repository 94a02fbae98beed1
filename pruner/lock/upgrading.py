"""Pins that an index has withdrawn, and newer releases: what uv says of a lock's pins today."""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import tomlkit
from packaging.version import InvalidVersion, Version

from pruner.lock.compiling import Compiler, Pin
from pruner.lock.places import Places
from pruner.lock.resolve import options, resolve
from pruner.model import Inventory, normalise
from pruner.requirements import Requirement
from pruner.sandbox import uv

_YANKED = re.compile(
    r"`([A-Za-z0-9._-]+)==[^`\s]+` is yanked(?: \(reason: \"(.*?)\"\))?", re.DOTALL
)
_COMMENT = re.compile(r"^\s*#")
MOST_CHARACTERS = 200
"""Of a reason, which whoever withdrew the release wrote."""


def interpreter(python: str) -> Inventory:
    """Return what uv has to know of an image whose interpreter nobody looks at: its version."""
    return Inventory(
        python=python, executable="", markers={}, site_dirs=(), stdlib_dirs=(), distributions=()
    )


def withdrawn(image: str, python: str, pins: Mapping[str, str], places: Places) -> dict[str, str]:
    """Return the pins that their index has yanked, each with the reason, "" where none is given."""
    with tempfile.TemporaryDirectory(prefix="pruner-yanked-") as name:
        folder = Path(name)
        lines = [*options(places), *(f"{key}=={version}" for key, version in sorted(pins.items()))]
        (folder / "pins.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        nothing = [
            {"name": key, "version": version, "requires-dist": list[str]()}
            for key, version in pins.items()
        ]
        settings = tomlkit.dumps({"dependency-metadata": nothing})  # so that uv builds nothing
        (folder / "uv.toml").write_text(settings, encoding="utf-8")
        argv = ["pip", "compile", "--no-deps", "--no-header", "--no-annotate"]
        argv += ["--python-version", python, "--no-python-downloads"]
        argv += ["--index-strategy", "unsafe-best-match", str(folder / "pins.txt")]
        argv += ["--output-file", str(folder / "found.txt")]
        argv += ["--config-file", str(folder / "uv.toml")]
        said = uv.run(argv, what=f"images.{image}: withdrawn releases", cwd=folder, errors=True)
    return {normalise(name): _plain(reason) for name, reason in _YANKED.findall(said)}


def newer(
    image: str,
    python: str,
    pins: Mapping[str, str],
    asked: Sequence[Requirement],
    places: Places,
) -> dict[str, str]:
    """Return the newest version of each pin that is newer and that goes with all the others.

    A requirement that names one version alone allows newer ones here. Raises UsageError where
    the newest releases cannot be installed together.
    """
    wanted = list(dict.fromkeys(_relaxed(row) for row in asked))
    found = resolve(image, interpreter(python), wanted, [{}], places)
    return {
        key: found[key]
        for key, version in sorted(pins.items())
        if key in found and _later(found[key], version)
    }


def moved(
    image: str, python: str, requirements: str, versions: Mapping[str, str], places: Places
) -> str:
    """Return a requirements.txt of pruner's in which some pins have other versions, with hashes."""
    compiler = Compiler(image=image, inventory=interpreter(python), default=places.default)
    pins = [Pin(name=key, version=version) for key, version in versions.items()]
    (text,) = compiler.compile(pins, ["requirements.txt"])
    new = dict(_blocks(text))
    return "".join(new.get(key, block) for key, block in _blocks(requirements))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield each pin with its lines, and "" with those of an option; comments are left out."""
    lines = [line for line in text.splitlines() if line.strip() and not _COMMENT.match(line)]
    for block in re.split(r"\n(?=\S)", "\n".join(lines)):
        name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", block)
        yield normalise(name[0]) if name else "", f"{block.rstrip().rstrip(chr(92)).rstrip()}\n"


def _relaxed(row: Requirement) -> str:
    if row.pin is None:
        return row.text
    extras = f"[{','.join(row.extras)}]" if row.extras else ""
    marker = f" ; {row.marker}" if row.marker else ""
    return f"{row.name}{extras}>={row.pin.partition('+')[0]}{marker}"


def _later(one: str, other: str) -> bool:
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return False


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:MOST_CHARACTERS]
