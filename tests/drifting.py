"""What the tests of `pruner drift` share: a lock that was made, planted changes, what was found."""

import shutil
from pathlib import Path
from typing import Any

import msgspec

from support import Done

LOCK = ("lock", "--image", "app", "--once", "--runtime", "local")
NIGHT = ("drift", "--once", "--runtime", "local")


def copied(made: Path, folder: Path) -> Path:
    """Return a copy of a project, for one test."""
    return Path(shutil.copytree(made, folder / "project"))


def image_of(done: Done) -> dict[str, Any]:
    """Return what `--json` printed of the only image."""
    (image,) = msgspec.json.decode(done.out)["images"]
    found: dict[str, Any] = image
    return found


def told(done: Done) -> list[tuple[str, str, str]]:
    """Return (code, where, what) of everything that was found in the only image."""
    return [(row["code"], row["where"], row["what"]) for row in image_of(done)["findings"]]


def locks(root: Path, image: str = "app") -> dict[str, bytes]:
    """Return the files of a committed lock."""
    return {path.name: path.read_bytes() for path in (root / "locks" / image).iterdir()}


def replace(path: Path, old: str, new: str) -> None:
    """Change a text that has to be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
