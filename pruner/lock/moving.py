"""A lock as it is written, beside its folder; and as uv reads it, anywhere and with credentials."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from pruner.urls import restored

_LINKS = re.compile(r"^--find-links (.+)$", re.MULTILINE)
_FILE = re.compile(r'\burl = "file://([^"]+)"')


def beside(text: str, folder: Path, root: Path) -> str:
    """Return a lock for `folder` whose paths below `root`, the project, are relative to it."""

    def near(path: str) -> str:
        if not Path(path).is_relative_to(root):
            return path
        return Path(os.path.relpath(path, folder)).as_posix()

    def named(match: re.Match[str]) -> str:
        path = unquote(match[1])
        shown = near(path)
        return match[0] if shown == path else f"path = {_quoted(shown)}"

    text = _LINKS.sub(lambda match: f"--find-links {near(match[1])}", text)
    return _FILE.sub(named, text)


def installable(requirements: str, folder: Path, urls: Iterable[str]) -> str:
    """Return the requirements.txt of a lock in `folder` as uv can install it from anywhere."""

    def whole(match: re.Match[str]) -> str:
        return f"--find-links {os.path.normpath(folder / match[1])}"

    known = tuple(urls)
    lines = [
        line if line.startswith("#") else restored(_LINKS.sub(whole, line), known)
        for line in requirements.splitlines()
    ]
    return "".join(f"{line}\n" for line in lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
