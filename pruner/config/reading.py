"""Find the configuration, read it, and check it."""

import os
from pathlib import Path
from typing import Any

from pruner.config import build, checks
from pruner.config.files import read_text
from pruner.config.mistakes import Mistake, Where, one_line
from pruner.config.toml import parsed
from pruner.config.translate import convert
from pruner.config.values import Config
from pruner.errors import UsageError

_OURS = "pruner.toml"
_SHARED = "pyproject.toml"
_TABLE = ("tool", "pruner")
_HINT = "`pruner init` writes a first draft"


def load(path: Path | None, start: Path) -> Config:
    """Read the configuration at `path`, or the nearest one from `start` upwards.

    In each folder pruner.toml goes before [tool.pruner] in pyproject.toml. Raises UsageError,
    always one line with file and key, for every mistake.
    """
    file = start / path if path else _nearest(start)
    return parse(read_text(file, _display(file), hint=_HINT), file)


def parse(text: str, file: Path) -> Config:
    """Return the configuration that `load` would, if `file` held this text."""
    shared = file.name == _SHARED
    where = Where(file=_display(file), table=_TABLE if shared else ())
    try:
        data: Any = parsed(text, where.file)
        if shared:
            data = _own_table(data, where)
        checks.plain_data(data, ())
        return build.config(convert(data), file.absolute().parent.resolve(), where)
    except Mistake as mistake:
        raise where.error(mistake.what, *mistake.key, hint=mistake.hint) from None
    except RecursionError:
        raise where.error("is nested too deeply") from None


def _nearest(start: Path) -> Path:
    for folder in (start.resolve(), *start.resolve().parents):
        if os.path.lexists(folder / _OURS):
            return folder / _OURS
        shared = folder / _SHARED
        if os.path.lexists(shared) and _mentions_us(shared):
            return shared
    raise UsageError(one_line(f"{_display(start)}: no {_OURS} here or above"), hint=_HINT)


def _mentions_us(shared: Path) -> bool:
    """Return whether a pyproject.toml is for us to read, mistakes in it included."""
    where = Where(file=_display(shared), table=_TABLE)
    text = read_text(shared, where.file)
    if "pruner" not in text:
        return False
    tool = parsed(text, where.file).get("tool")
    return isinstance(tool, dict) and "pruner" in tool


def _own_table(data: dict[str, Any], where: Where) -> object:
    tool = data.get("tool")
    if not isinstance(tool, dict) or "pruner" not in tool:
        raise where.error("is missing", hint=_HINT)
    return tool["pruner"]


def _display(path: Path) -> str:
    """Return a path as messages show it: relative where it lies below the current folder."""
    full = path.absolute()
    here = Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)
