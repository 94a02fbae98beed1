"""Measuring in a sandbox: a copy of coverage.py that fits its interpreter, and the order to use it.

Nothing is installed in the environment: the copy lies beside the tracers, where nobody may write.
"""

import platform
import sys
from pathlib import Path

import msgspec

from pruner.errors import OutsideError
from pruner.files import copy_tree
from pruner.sandbox import uv
from pruner.sandbox.base import Measure
from pruner.sandbox.workspace import remove, store

REQUIREMENT = "coverage>=7.6,<8"
"""7.6.1 is the last for Python 3.8; tracers/pruner_coverage.py reads what 7 gathers."""

PLATFORMS = {"x86_64": "x86_64-unknown-linux-gnu", "aarch64": "aarch64-unknown-linux-gnu"}
"""Where neither fits, as with musl, coverage.py falls back to its own tracer in Python."""


def library(python: str, machine: str, desk: Path) -> Path:
    """Return the folder with a copy of coverage.py for a version of Python; made once a machine.

    `python` is "3.11.7", `machine` the marker `platform_machine`, `desk` a folder that goes with
    the run and lies in the store. Raises PrunerError where no release can be had.
    """
    version = ".".join(python.split(".")[:2])
    place = store() / "coverage" / f"{version}-{machine}"
    if not place.is_dir():
        fresh = desk / "coverage-copy"
        target = PLATFORMS.get(machine)
        if target is None and machine != platform.machine():
            target = PLATFORMS["x86_64"]
        chosen = ["--python-platform", target] if target else []
        argv = ["pip", "install", "--target", str(fresh), "--python", sys.executable]
        argv += ["--python-version", version, *chosen, "--only-binary", ":all:", "--no-deps"]
        uv.run([*argv, REQUIREMENT], what="coverage.py")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _move(fresh, place)
        except OSError as error:
            what = f"coverage.py cannot be kept in {place}: {error}"
            raise OutsideError(what, hint="set PRUNER_CACHE to another folder") from error
    return place


def _move(fresh: Path, place: Path) -> None:
    """Put a folder where it belongs; another pruner that was faster made the same one."""
    try:
        fresh.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        remove(fresh)


def lay_out(measure: Measure, tools: Path, seen: str) -> None:
    """Put the copy and the order beside the tracers, and make the folder for the answer.

    `seen` is the folder of the tracers as the sandbox sees it.
    """
    copy_tree(measure.library / "coverage", tools / "library" / "coverage")
    order = {"library": f"{seen}/library", "sources": measure.sources}
    (tools / "measure.json").write_bytes(msgspec.json.encode(order))
    lines = tools / "lines"
    lines.mkdir()
    lines.chmod(0o777)  # the agent's user in a container is not ours


def writable(tools: Path) -> list[Path]:
    """Return the folders beside the tracers that the sandbox may write to."""
    return [tools / name for name in ("out", "lines") if (tools / name).is_dir()]
