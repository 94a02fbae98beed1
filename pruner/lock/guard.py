"""The guard beside a lock: tracers/pruner_guard.py with the table of what was left out.

What stands in the table comes from the metadata of whatever was installed, so it is written as
literals of printable ASCII and nothing else: no text in it can become code.
"""

from collections.abc import Iterable, Iterator
from itertools import takewhile

from packaging.version import Version

from pruner.analysis.attribution import module_of
from pruner.document import Document
from pruner.model import Distribution, Inventory
from pruner.sandbox.workspace import tracers

MODULE = "pruner_guard"
LONGEST = 200
"""Characters of a text in the table."""

ENTRY = """\
import os; os.environ.get("PRUNER_GUARD", "0") in ("", "0") or __import__("pruner_guard").start()
"""
"""Does not even import the guard where it is off."""

START_FROM = Version("3.18")
"""From here on only a `.start` file is run (PEP 829); before, one would cost an import when off."""


def guard_files(document: Document, inventory: Inventory) -> dict[str, str]:
    """Return the texts of the files that site-packages needs, by name."""
    template = (tracers() / f"{MODULE}.py").read_text(encoding="utf-8")
    found = {f"{MODULE}.py": fill(template, document, inventory), f"{MODULE}.pth": ENTRY}
    if Version(inventory.markers["python_version"]) >= START_FROM:
        found[f"{MODULE}.start"] = f"{MODULE}:start\n"
    return found


def fill(template: str, document: Document, inventory: Inventory) -> str:
    """Return the module with its table: one line a distribution that was left out, sorted."""
    modules = gone(document, inventory)
    rows = sorted(
        (
            _clean(row.name),
            (_clean(row.version), _clean(row.why), modules.get(row.name, ())),
        )
        for row in document.distributions
        if not row.kept
    )
    table = "".join(f"    {name!a}: {values!a},\n" for name, values in rows)
    before, empty, after = template.partition(" = {}\n")
    named = before.replace('\nIMAGE = ""\n', f"\nIMAGE = {_clean(document.image)!a}\n")
    if not empty or named == before:
        message = "the guard's template has no place for its table"
        raise ValueError(message)
    return f"{named} = {{\n{table}}}\n{after}" if table else named + empty + after


def gone(document: Document, inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Return which import names went with each distribution that was left out.

    Only the topmost are listed, since an import looks for them first; and none that something kept
    or the standard library provides. A folder without `__init__` counts as provided while
    anything that was kept has a file below it.
    """
    dropped = {row.name for row in document.distributions if not row.kept}
    left: list[Distribution] = []
    absent: list[Distribution] = []
    for dist in inventory.distributions:
        (absent if dist.key in dropped else left).append(dist)
    there = {name for dist in left for name in _provided(dist, inventory)}
    there |= inventory.stdlib_modules
    return {dist.key: tuple(sorted(_missing(dist, inventory, there))) for dist in absent}


def _provided(dist: Distribution, inventory: Inventory) -> Iterator[str]:
    """Yield every dotted name that can be imported because of a distribution's files."""
    for path in _below_site(dist, inventory):
        yield from _prefixes(module_of(path)[0])
        yield from _prefixes(".".join(takewhile(str.isidentifier, path.split("/")[:-1])))


def _missing(dist: Distribution, inventory: Inventory, there: set[str]) -> set[str]:
    """Return the first part of each module's name that is not there."""
    found = set()
    for path in _below_site(dist, inventory):
        names = _prefixes(module_of(path)[0])
        if not names or names[0] in inventory.stdlib_modules:
            continue
        found.update([name for name in names if name not in there][:1])
    return found


def _below_site(dist: Distribution, inventory: Inventory) -> Iterable[str]:
    for folder in inventory.site_dirs:
        prefix = f"{folder}/"
        yield from (f.path[len(prefix) :] for f in dist.files if f.path.startswith(prefix))


def _prefixes(name: str) -> list[str]:
    parts = name.split(".") if name else []
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:LONGEST]
