"""Statements of first-party files, as coverage.py counts them. Nothing is imported or executed."""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from coverage import Coverage

from pruner.model import Value


class Counted(Value, frozen=True):
    """How many statements there are, how many of them ran, and the files that cannot be counted."""

    statements: int
    ran: int
    unreadable: tuple[str, ...] = ()  # "path: why"


def count(root: Path, paths: Iterable[str], ran: Mapping[str, frozenset[int]]) -> Counted:
    """Count the statements of files, and those of them whose lines ran.

    Paths are relative to the root. Files are read with the grammar of pruner's own interpreter;
    what it cannot read is left out of the figures, and named.
    """
    measured = Coverage(data_file=None, config_file=False, messages=False)
    wanted = sorted(paths)
    data = measured.get_data()
    data.add_lines({str(root / path): ran.get(path, frozenset()) for path in wanted})
    statements = missing = 0
    unreadable: list[str] = []
    try:
        for path in wanted:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # what the compiler thinks of the target's code
                    _, found, _, lost, _ = measured.analysis2(str(root / path))
            except Exception as error:  # noqa: BLE001  it raises whatever reading code can raise
                unreadable.append(f"{path}: {_why(error, str(root / path))}")
                continue
            statements += len(found)
            missing += len(lost)
    finally:
        data.close()
    return Counted(statements=statements, ran=statements - missing, unreadable=tuple(unreadable))


def _why(error: Exception, path: str) -> str:
    """Return an error on one line, without the path that stands beside it."""
    said = str(error).replace(f"'{path}' ", "").replace(path, "it").splitlines()
    first = said[0] if said else type(error).__name__
    return "".join(char for char in first if char.isprintable())[:200]
