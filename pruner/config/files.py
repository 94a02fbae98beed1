"""The files that a configuration names: there, of the right kind, and readable."""

import difflib
import stat
from pathlib import Path

from pruner.config.mistakes import Key, Where, one_line, shown
from pruner.errors import UsageError


def require(where: Where, root: Path, key: Key, path: str, *, folder: bool = False) -> None:
    """Raise UsageError unless `path`, relative to `root`, is a file or folder to read."""
    wanted = "folder" if folder else "file"
    try:
        full = root / path
        mode = full.stat().st_mode
        if folder != stat.S_ISDIR(mode):
            is_a = "a folder" if stat.S_ISDIR(mode) else "no folder"
            what = f"{shown(path)} is {is_a}, a {wanted} was expected"
            raise where.error(what, *key)
        if not folder:
            _readable(where, full, mode, key, path)
    except FileNotFoundError:
        raise where.error(f"{shown(path)} does not exist", *key, hint=_hint(root, path)) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise where.error(f"{shown(path)} cannot be read: {why}", *key) from None


def _readable(where: Where, full: Path, mode: int, key: Key, path: str) -> None:
    if not stat.S_ISREG(mode):
        raise where.error(f"{shown(path)} is no regular file", *key)
    with full.open("rb"):
        pass


def _hint(root: Path, path: str) -> str:
    """Return a hint: the nearest name in the deepest folder of `path` that exists."""
    folder = root
    for part in Path(path).parts:
        if not (folder / part).exists():
            names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
            close = difflib.get_close_matches(part, names, n=1)
            if close:
                return f"did you mean {close[0]}?"
            break
        folder /= part
    return "paths are relative to the folder of the configuration"


def read_text(path: Path, name: str, *, hint: str | None = None) -> str:
    """Return the text of a UTF-8 file that messages call `name`.

    Raises UsageError in one line; `hint` is for a file that is not there.
    """
    try:
        if path.exists() and not path.is_file():
            is_a = "a folder, a file was expected" if path.is_dir() else "no regular file"
            raise UsageError(one_line(f"{name}: is {is_a}"), hint="name a file")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"{name}: is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
        raise UsageError(one_line(what), hint="save the file as UTF-8") from None
    except FileNotFoundError:
        raise UsageError(one_line(f"{name}: does not exist"), hint=hint) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        what = one_line(f"{name}: cannot be read: {why}")
        raise UsageError(what, hint="see who may read it") from None
