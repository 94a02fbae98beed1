"""Print how long it takes to read what the native libraries of an environment ask for.

    python scripts/bench/elf.py --python ENVIRONMENT/bin/python

Read is what `pruner lock` reads, by the same functions, without the walls of a sandbox: every
library the first time, with its contents in memory or not, then from the cache of facts, and what
the system offers. The environment is not changed. The first time is to take 10 s at most for 5 GB,
the cache 0.5 s.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import elftools
import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.offers import Scene
from pruner.analysis.unmet import unmet
from pruner.inventory.facts import Facts
from pruner.inventory.native import libraries, linkage
from pruner.inventory.read import parse
from pruner.inventory.system import asked
from pruner.inventory.system import parse as parse_system

AGAIN = 5
TRACERS = Path(__file__).parents[2] / "tracers"

T = TypeVar("T")


class Desk:
    """The tracers in a folder, as they lie in a sandbox, and the interpreter that runs them."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python = python
        self._folder = folder
        for script in ("inventory.py", "native.py", "loader.py"):
            shutil.copy(TRACERS / script, folder)
        shutil.copytree(Path(elftools.__file__).parent, folder / "elftools")

    def run(self, script: str, order: object = None, *options: str) -> bytes:
        """Return what a tracer prints about an order."""
        asked_for = self._folder / "order.json"
        asked_for.write_bytes(msgspec.json.encode(order))
        argv = [self._python, "-I", *options, str(self._folder / script), str(asked_for)]
        return subprocess.run(argv, capture_output=True, check=True).stdout

    def libraries(self, paths: Sequence[str]) -> bytes:
        """Return what tracers/native.py prints of libraries."""
        return self.run("native.py", list(paths), "-S")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that something takes, and what it gives."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def forget(paths: Sequence[str]) -> None:
    """Have the kernel drop the contents of files that it keeps in memory."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def main() -> None:
    """Parse the call, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", required=True, help="the interpreter of the environment")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pruner-bench-") as name:
        folder = Path(name)
        desk = Desk(args.python, folder)
        taken, inventory = timed(lambda: parse(desk.run("inventory.py")))
        print(f"{len(inventory.distributions)} distributions listed in {taken:.2f} s")
        paths = [file.path for file in libraries(inventory)]
        size = sum(Path(path).stat().st_size for path in paths)
        print(f"{len(paths)} libraries, {size / 1e9:.2f} GB")
        forget(paths)
        cold, _ = timed(lambda: desk.libraries(paths))
        warm, _ = timed(lambda: desk.libraries(paths))
        with Facts.open(folder / "facts.sqlite") as facts:
            first, _ = timed(lambda: linkage(inventory, desk.libraries, facts))
            kept = [timed(lambda: linkage(inventory, desk.libraries, facts)) for _ in range(AGAIN)]
        found = kept[0][1][0]
        print(f"read from the disk in {cold:.1f} s, from memory in {warm:.1f} s")
        print(f"the first time {first:.1f} s, with what is kept of it")
        print(f"from the cache {statistics.median(item[0] for item in kept):.2f} s")
        taken, system = timed(lambda: parse_system(desk.run("loader.py", asked(found), "-S")))
        print(f"{len(system.libraries)} libraries of the system in {taken:.2f} s")
        scene = Scene(
            inventory=inventory,
            linkage=found,
            system=system,
            kept=frozenset(inventory.by_key()),
        )
        ownership = Ownership(inventory)
        taken, _ = timed(lambda: unmet(scene, ownership))
        print(f"what is missing is worked out in {taken:.2f} s")


if __name__ == "__main__":
    main()
