"""Who needs whom, by pipdeptree, for an interpreter that is not ours.

pipdeptree evaluates markers for the interpreter that it runs with. So it is given a folder of
metadata in which the markers have been evaluated for the sandbox's interpreter; extras are left to
it, and a root that stands for the image's own requirements tells it which of them are wanted.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from pruner.errors import OutsideError
from pruner.model import Distribution, Inventory, normalise

ROOT = "pruner-root"
TIMEOUT = 120.0
AGAIN = "install pruner again: `python -m pipdeptree --version` should answer there"


class _Key(msgspec.Struct, frozen=True):
    key: str


class _Row(msgspec.Struct, frozen=True):
    package: _Key
    dependencies: tuple[_Key, ...]


def with_graph(inventory: Inventory, direct: Iterable[str]) -> Inventory:
    """Return the inventory with `requires` filled in.

    `direct` are the image's own requirements as written, extras included, markers not. Only
    distributions that are installed appear in the graph.
    """
    with tempfile.TemporaryDirectory(prefix="pruner-graph-") as folder:
        for dist in inventory.distributions:
            lines = list(neutral(dist.requires, inventory.markers))
            _write(Path(folder), dist, lines)
        _write(Path(folder), Distribution(name=ROOT, version="0"), [*_plain(direct)])
        rows = _pipdeptree(folder)
    known = inventory.by_key()
    graph = {
        row.package.key: tuple(
            sorted({dep.key for dep in row.dependencies if dep.key in known} - {row.package.key})
        )
        for row in rows
        if row.package.key in known
    }
    return msgspec.structs.replace(inventory, requires=graph)


def neutral(requires: Iterable[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the requirements that hold for an environment, with no marker left but extras."""
    for line in requires:
        try:
            requirement = Requirement(line)
        except (InvalidRequirement, RecursionError):
            continue  # old metadata has lines that no tool reads any more
        marker, requirement.marker = requirement.marker, None
        requirement.url = None
        if marker is None or _holds(marker, environment, ""):
            yield str(requirement)
            continue
        for extra in sorted(_extras(marker)):
            if _holds(marker, environment, extra):
                yield f'{requirement} ; extra == "{extra}"'


def _holds(marker: Marker, environment: Mapping[str, str], extra: str) -> bool:
    try:
        return marker.evaluate({**environment, "extra": extra})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True  # nobody can say, so it is not left out for this


def _extras(marker: Marker) -> set[str]:
    text = str(marker)
    parts = text.split("extra == ")[1:] + text.split(" == extra")[:-1]
    return {part.split('"')[1] for part in parts if '"' in part}


def _plain(direct: Iterable[str]) -> Iterator[str]:
    for line in direct:
        requirement = Requirement(line)
        requirement.marker = None
        requirement.url = None
        yield str(requirement)


def _write(folder: Path, dist: Distribution, requires: Iterable[str]) -> None:
    path = folder / f"{dist.name.replace('-', '_')}-{dist.version}.dist-info"
    path.mkdir()
    extras = sorted({extra for line in requires for extra in _extras_of(line)})
    lines = ["Metadata-Version: 2.1", f"Name: {dist.name}", f"Version: {dist.version}"]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {line}" for line in requires]
    (path / "METADATA").write_text("\n".join(lines) + "\n\n", encoding="utf-8")


def _extras_of(line: str) -> set[str]:
    marker = Requirement(line).marker
    return _extras(marker) if marker else set()


def _pipdeptree(folder: str) -> tuple[_Row, ...]:
    argv = [sys.executable, "-m", "pipdeptree", "--path", folder, "-o", "json", "-x", "explicit"]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        what = f"pipdeptree was not done after {TIMEOUT:.0f} s"
        raise OutsideError(what, hint="the machine may be busy: run it again") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        what = f"pipdeptree failed: {said[-1] if said else done.returncode}"
        raise OutsideError(what, hint=AGAIN)
    try:
        rows = msgspec.json.decode(done.stdout, type=tuple[_Row, ...])
    except msgspec.MsgspecError as error:
        raise OutsideError(f"pipdeptree printed no graph: {error}", hint=AGAIN) from error
    return tuple(
        msgspec.structs.replace(row, package=_Key(key=normalise(row.package.key))) for row in rows
    )
