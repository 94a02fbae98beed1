"""Reading installed files in their sandbox: what they import, and what libraries ask for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import elftools
import msgspec

from pruner.analysis.asks import ModuleNeed
from pruner.analysis.gpu import GpuKnown, GpuRow
from pruner.analysis.linkage import Linkage
from pruner.analysis.system import System
from pruner.analysis.weigh import Reading
from pruner.analysis.words import Driver
from pruner.clock import Clock
from pruner.errors import OutsideError, SandboxError
from pruner.files import copy_tree
from pruner.inventory.facts import Facts
from pruner.inventory.native import linkage
from pruner.inventory.system import asked, parse
from pruner.model import Inventory
from pruner.rules import (
    default_drivers,
    families,
    gpu_names,
    module_needs,
    sonames,
    startup_modules,
)
from pruner.sandbox.base import Completed, Environment
from pruner.sandbox.workspace import facts_file
from pruner.static.installed import Installed, read_collected

TIMEOUT = 300.0
"""Seconds for one look at the files of an environment."""


@contextmanager
def study(
    environment: Environment, inventory: Inventory, clock: Clock, kept: Path | None = None
) -> Iterator[Reading]:
    """Open what is needed to weigh an environment's distributions; it has to stay there meanwhile.

    What was read of a file is kept by its content, so a wheel is read once on a machine; `kept` is
    the file for that, by default the one in the store.
    """
    with Facts.open(kept or facts_file()) as facts:
        desk = _Desk(environment)
        with clock.step("read what libraries ask for", sandbox=False):
            links, notes = linkage(inventory, desk.libraries, facts)
        installed = Installed(facts, desk.contents, inventory.version)
        yield Reading(
            sites_of=installed.sites_of,
            uses_of=installed.uses_of,
            mentions_of=installed.mentions_of,
            linkage=links,
            startup=startup_modules(),
            drivers=tuple(
                Driver(user=row.user, scheme=row.scheme, module=row.module)
                for row in default_drivers()
            ),
            needs=tuple(
                ModuleNeed(module=row.module, distribution=row.distribution, instead=row.instead)
                for row in module_needs()
            ),
            gpu=known_of_gpus(),
        )
        for note in (*notes, *facts.notes):
            clock.note(f"note: {note}")


def known_of_gpus() -> GpuKnown:
    """Return what only a GPU uses, by name and by the libraries of CUDA, and builds for one."""
    cuda = [row for row in sonames() if row.driver or "CUDA" in row.what]
    only = {*(row.distribution for row in gpu_names()), *(row.provides for row in cuda)} - {""}
    builds = {item.distribution for row in families() for item in row.members if item.gpu}
    return GpuKnown(
        rows=tuple(GpuRow(distribution=name, only=name in only) for name in sorted(only | builds)),
        sonames=tuple(row.soname for row in cuda),
    )


def read_system(
    environment: Environment, libraries: Mapping[str, Linkage], search: Iterable[str] = ()
) -> System:
    """Return what an environment offers to native libraries besides its distributions.

    `search` are values of LD_LIBRARY_PATH that its agents get.
    """
    return parse(_Desk(environment).system(asked(libraries, search)))


class _Desk:
    """Hands lists of paths into an environment, and brings back what its own reader says."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._numbers = count(1)

    def contents(self, paths: Sequence[str]) -> dict[str, bytes | str]:
        """Return what files hold, or why they cannot be read."""
        name = f"collected-{next(self._numbers)}"
        asked = self._asked(paths, f"{name}.json")
        answer = self._environment.desk / "out" / name
        try:
            self._run("collect.py", asked, f"{self._environment.tools}/out/{name}")
            return read_collected(answer, paths)
        finally:
            answer.unlink(missing_ok=True)

    def libraries(self, paths: Sequence[str]) -> bytes:
        """Return what tracers/native.py prints of libraries; pyelftools lies beside it."""
        beside = self._environment.desk / "elftools"
        if not beside.is_dir():
            copy_tree(Path(elftools.__file__).parent, beside)
        return self._run("native.py", self._asked(paths, "libraries.json")).stdout

    def system(self, order: Mapping[str, Sequence[str]]) -> bytes:
        """Return what tracers/loader.py prints."""
        return self._run("loader.py", self._asked(order, "loader.json")).stdout

    def _asked(self, order: Sequence[str] | Mapping[str, Sequence[str]], name: str) -> str:
        (self._environment.desk / name).write_bytes(msgspec.json.encode(order))
        return f"{self._environment.tools}/{name}"

    def _run(self, script: str, *arguments: str) -> Completed:
        tools = self._environment.tools
        argv = [self._environment.python, "-I", "-S", f"{tools}/{script}", *arguments]
        done = self._environment.run(argv, timeout=TIMEOUT)
        if done.code is None:
            what = f"installed files were not read after {TIMEOUT:.0f} s"
            raise OutsideError(what, hint="the machine may be busy: run it again")
        if done.code != 0:
            raise SandboxError(f"installed files cannot be read (exit {done.code}): {done.said}")
        return done
