"""Where an interpreter for a virtual environment may come from."""

import os
from collections.abc import Iterator
from pathlib import Path

SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")


def search_path() -> str:
    """Return the PATH on which uv looks for an interpreter of a version.

    The system's come first, so that the same is found for everyone who has one there; then what
    the caller's PATH has, and what pyenv and uv have installed for the caller.
    """
    own = [folder for folder in os.environ.get("PATH", "").split(":") if folder.startswith("/")]
    return ":".join(dict.fromkeys([*SYSTEM, *own, *_installed()]))


def _installed() -> Iterator[str]:
    """Yield the folders of interpreters that are on no PATH, the newest first."""
    data = os.environ.get("XDG_DATA_HOME", "~/.local/share")
    for variable, usual, kind in (
        ("PYENV_ROOT", "~/.pyenv", "versions/*/bin"),
        ("UV_PYTHON_INSTALL_DIR", f"{data}/uv/python", "*/bin"),
    ):
        root = Path(os.environ.get(variable, usual)).expanduser()
        found = [path for path in root.glob(kind) if ":" not in str(path) and not _dead(path)]
        yield from map(str, sorted(found, key=_version, reverse=True))


def _dead(folder: Path) -> bool:
    """Whether it holds a Python 2, which uv stops at where it finds nothing that fits."""
    return folder.parent.name.startswith("2.")


def _version(folder: Path) -> list[tuple[int, str]]:
    """Return the key that sorts 3.10 after 3.9."""
    parts = folder.parent.name.replace("-", ".").split(".")
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
