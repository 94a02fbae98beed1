"""`pruner drift --install`: write what runs the drift, and never over what somebody has changed."""

import pwd
import re
import subprocess
import sys
from pathlib import Path

from pruner import __version__
from pruner.config import Config
from pruner.errors import UsageError, outside
from pruner.files import regular, write_all
from pruner.places import KINDS, PLACES, Setting
from pruner.places.marks import marked, untouched
from pruner.urls import bare

MOST = 1 << 20
"""Bytes of a file that is there; ours have a hundredth of it."""

_PLAIN = re.compile(r"[\w./ +@=,-]+")
_URL = re.compile(r"https://[\w.:/~+-]+")
_NOWHERE = "https://git.example/project.git"
_HOW = {
    "github": "commit it; from then on it runs on pull requests and at night",
    "gitlab": "include it from .gitlab-ci.yml and make a schedule; its first lines say how",
    "systemd": "the first lines of the service say how to switch it on",
    "cron": "copy it to /etc/cron.d; its first lines say more",
    "kubernetes": "push the image of pruner and apply it; its first lines say more",
}


def install(config: Config, kind: str, *, force: bool = False) -> tuple[Path, ...]:
    """Write the files of a place, and return their paths; the same bytes each time.

    Raises UsageError where one is there that is not as pruner wrote it, unless `force`; then none
    is written. Raises OutsideError where they cannot be.
    """
    if kind not in PLACES:
        raise UsageError(f"{kind!r} is no place to run in", hint=f"one of {', '.join(KINDS)}")
    top = _top(config.root)
    texts = {
        (top if file.shared else config.root) / file.path: marked(kind, __version__, file.text)
        for file in PLACES[kind](_setting(config.root, top))
    }
    if not force:
        for path in texts:
            _refuse_changed(path)
    write_all(texts)
    return tuple(texts)


def how_to_go_on(kind: str) -> str:
    """Return what a person has left to do once the files of a place are there."""
    return _HOW[kind]


def _refuse_changed(path: Path) -> None:
    hint = "--force replaces it; or move it away, and compare"
    try:
        text = regular(path, MOST).decode()
    except FileNotFoundError:
        return
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", hint="move it away") from None
    except ValueError as error:  # text that is no UTF-8, too
        why = "is not a text" if isinstance(error, UnicodeError) else str(error)
        raise UsageError(f"{path} {why}, so pruner did not write it", hint=hint) from None
    except OSError as error:
        if path.is_symlink():
            raise UsageError(f"{path} is a link, so pruner did not write it", hint=hint) from None
        raise outside(error) from error
    if not untouched(text):
        raise UsageError(f"{path} is not as pruner wrote it; it is left alone", hint=hint)


def _setting(root: Path, top: Path) -> Setting:
    """Return what the texts say; UsageError for a path that cannot stand in all of them."""
    program = Path(sys.executable).with_name("pruner")
    for path in (root, program):
        if not _PLAIN.fullmatch(str(path)):
            raise UsageError(
                f"the path {str(path)!r} cannot be written into a workflow or a unit",
                hint="letters, digits, spaces and any of . / _ + @ = , - can",
            )
    return Setting(
        version=__version__,
        folder=str(root.relative_to(top)),
        root=str(root),
        program=str(program),
        user=_owner(root),
        repository=_repository(top),
    )


def _top(root: Path) -> Path:
    """Return the root of the repository that a folder lies in; without one, the folder."""
    return next((path for path in (root, *root.parents) if (path / ".git").exists()), root)


def _owner(root: Path) -> str:
    try:
        number = root.stat().st_uid
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
    except OSError as error:
        raise outside(error) from error


def _repository(top: Path) -> str:
    """Return where the repository comes from, without credentials, or a name to be replaced."""
    command = ["git", "-C", str(top), "config", "--get", "remote.origin.url"]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return _NOWHERE
    url = bare(done.stdout.strip())
    return url if _URL.fullmatch(url) else _NOWHERE
