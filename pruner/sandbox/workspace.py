"""Folders of sandboxes: made with a lock that lives as long as pruner does, removed on the way out.

The store holds `uv/`, the cache of wheels that every sandbox shares, and `sandboxes/<id>/`, one
folder a run. Both lie in one folder so that uv can hard-link from the first to the second also
where that folder is the only thing of the host that a sandbox sees.
"""

import fcntl
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from pruner.errors import OutsideError

LOCK = "pruner.lock"
FACTS = "facts"
"""A folder of the store that stays hidden from what is installed beside it."""
FRESH = 60.0
"""Seconds in which a folder without a lock is one that is just being made."""


def store() -> Path:
    """Return pruner's folder for caches: $PRUNER_CACHE, else under $XDG_CACHE_HOME."""
    chosen = os.environ.get("PRUNER_CACHE")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pruner"


def facts_file() -> Path:
    """Return where facts about installed files are kept; no sandbox sees this folder."""
    return store() / FACTS / "facts.sqlite"


def store_id() -> str:
    """Return the name of this store: an engine may have what runs of other stores have made.

    Whether those still live cannot be told from here. Raises OSError where it cannot be kept.
    """
    path = store() / FACTS / "id"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".id-") as new:
            new.write(secrets.token_hex(8))
            new.flush()
            with suppress(FileExistsError):  # another pruner's, at the same moment
                os.link(new.name, path)
    return path.read_text(encoding="ascii")


class Workspace:
    """The folder of one run, `id` being its name and the label of what it starts elsewhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._count = 0
        self._removals = ThreadPoolExecutor(1, thread_name_prefix="remove")

    def discard(self, path: Path) -> None:
        """Remove a folder in the background: tens of thousands of files take a disk seconds."""
        self._removals.submit(remove, path)

    def close(self) -> None:
        """Remove all that is left."""
        self._removals.shutdown()
        remove(self.path)

    def folder(self, name: str) -> Path:
        """Make a new, empty folder in the workspace."""
        self._count += 1
        path = self.path / f"{self._count}-{name}"
        path.mkdir()
        return path

    def tools(self) -> Path:
        """Make a folder with a copy of the tracers, and an `out` in it that anyone may write to."""
        path = self.folder("tools")
        copy_tracers(path)
        out = path / "out"
        out.mkdir()
        out.chmod(0o777)  # the agent's user in a container is not ours
        return path


def copy_tracers(target: Path) -> None:
    """Copy the tracers, which are data to pruner, to where a sandbox can see them."""
    for file in sorted(tracers().glob("*.py")):
        shutil.copy(file, target / file.name)


def tracers() -> Path:
    """Return the folder of the tracers: in the wheel, else in the source tree."""
    packaged = files("pruner") / "_tracers"
    return Path(str(packaged)) if packaged.is_dir() else Path(__file__).parents[2] / "tracers"


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Make the folder of a run; hold its lock while the run lasts; remove it after."""
    path = store() / "sandboxes" / f"{os.getpid()}-{secrets.token_hex(4)}"
    try:
        path.mkdir(parents=True)
        lock = os.open(path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutsideError(
            f"cannot make a sandbox in {path.parent}: {error.strerror}",
            hint="set PRUNER_CACHE to a folder with space that you may write to",
        ) from error
    fcntl.flock(lock, fcntl.LOCK_EX)
    place = Workspace(path)
    try:
        yield place
    finally:
        place.close()
        os.close(lock)


def remove(path: Path) -> None:
    """Remove a folder and all in it, also what was made read-only; what resists stays for gc.

    An agent can nest folders deeper than Python can go, in descriptors or in calls; the system's
    own programs go to any depth, and follow no link on the way.
    """
    with suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(path)], check=False, capture_output=True)


def abandoned() -> list[Path]:
    """Return the folders that no living pruner holds."""
    folder = store() / "sandboxes"
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not _held(path)]


def _held(path: Path) -> bool:
    try:
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime < FRESH
        return True  # whoever made it has just removed it
    except OSError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)
