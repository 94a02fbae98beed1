"""The commands that an image is run with, where it is run with more than its own CMD.

A supervisor's configuration and a Procfile name one command a process, and a shell script may start
several.
"""

import configparser
import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from pruner.config.files import read_text
from pruner.errors import UsageError
from pruner.image.dockerfile import Dockerfile
from pruner.jobs.found import Start
from pruner.jobs.words import unwrapped

_PROCESS = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")
_MANAGERS = frozenset({"honcho", "foreman", "forego", "goreman", "hivemind", "overmind"})
_SHELL = ("/bin/sh", "-c")
_HANDS_ON = re.compile(r"^\s*exec\s+(\"\$@\"|\$@|\$\*)\s*$", re.MULTILINE)
_IN_BACKGROUND = re.compile(r"(?<!&)&\s*$")
_NO_PROCESS = re.compile(
    r"(wait|trap|sleep|cd|export|set|echo|source|\.|if|fi|then|done|for|while)\b"
)


def starts(root: Path, file: Dockerfile, context: str, folder: str) -> tuple[Start, ...]:
    """Return the processes that an image's own command starts, none where it is one by itself.

    `context` and `folder`, that of the Dockerfile, are relative to `root`.
    """
    argv = unwrapped(file.argv)
    program = posixpath.basename(argv[0]) if argv else ""
    if program in {"supervisord", "supervisor"}:
        return tuple(_supervised(root, file, context, argv))
    if program in _MANAGERS or not argv:
        return tuple(_procfile(root, (context, folder)))
    return tuple(_script(root, file, context, argv))


def _procfile(root: Path, folders: Sequence[str]) -> Iterator[Start]:
    for folder in dict.fromkeys(folders):
        path = posixpath.normpath(posixpath.join(folder, "Procfile"))
        if (root / path).is_file():
            for number, line in enumerate(_lines(root, path), 1):
                match = _PROCESS.fullmatch(line.strip())
                if match and match[1] != "release":
                    argv = unwrapped((*_SHELL, match[2]))
                    yield Start(name=match[1], argv=argv, where=f"{path}:{number}")
            return


def _supervised(root: Path, file: Dockerfile, context: str, argv: Sequence[str]) -> Iterator[Start]:
    """Yield the programs of supervisord's configuration: http://supervisord.org/configuration.html."""
    named = [b for a, b in pairwise(argv) if a in {"-c", "--configuration"}]
    for name in (*named, "/etc/supervisor/supervisord.conf", "/etc/supervisord.conf"):
        path = _origin(root, file, context, name)
        if path is None:
            continue
        parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";",))
        try:
            parser.read_string("\n".join(_lines(root, path)))
        except configparser.Error:
            return
        for section in parser.sections():
            kind, _, program = section.partition(":")
            command = parser.get(section, "command", fallback="")
            if kind == "program" and command:
                argv = unwrapped((*_SHELL, command))
                yield Start(name=program, argv=argv, where=f"[{section}] of {path}")
        return


def _script(root: Path, file: Dockerfile, context: str, argv: Sequence[str]) -> Iterator[Start]:
    """Yield what a shell script starts, where that is more than one process."""
    words = argv[1:] if posixpath.basename(argv[0]) in {"sh", "bash"} else argv
    path = _origin(root, file, context, words[0]) if words and words[0].endswith(".sh") else None
    if path is None:
        return
    lines = _lines(root, path)
    if _HANDS_ON.search("\n".join(lines)):
        return  # it makes ready, and then becomes the command that follows it
    found: list[Start] = []
    background = 0
    for number, line in enumerate(lines, 1):
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#") or _NO_PROCESS.match(text):
            continue
        if _IN_BACKGROUND.search(text):
            background += 1
        elif not re.match(r"(exec\s+)?\S*(python|unicorn|celery|uvicorn|hypercorn)", text):
            continue
        command = unwrapped((*_SHELL, _IN_BACKGROUND.sub("", text).strip()))
        found.append(Start(argv=command, where=f"{path}:{number}"))
    if background and len(found) > 1:
        yield from found


def _origin(root: Path, file: Dockerfile, context: str, name: str) -> str | None:
    """Return the file of the tree that a path in the container is."""
    full = posixpath.normpath(posixpath.join(file.workdir, name))
    found = file.file_of(full, root / context)
    return None if found is None else posixpath.normpath(posixpath.join(context, found))


def _lines(root: Path, path: str) -> list[str]:
    try:
        return read_text(root / path, path).splitlines()
    except UsageError:
        return []
