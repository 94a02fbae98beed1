"""The fast part of `pruner drift`: files against the committed lock; nothing is run."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from pruner.analysis.evidence import reached
from pruner.config import Config, Image
from pruner.document import Document, Inputs
from pruner.drift import agents, guard, imports, pins, requirements, settings
from pruner.drift.found import drifted
from pruner.drift.names import Names
from pruner.errors import UsageError
from pruner.files import regular
from pruner.image.dockerfile import Dockerfile, dockerfile_of
from pruner.jobs.committed import MAX_BYTES, read_verdicts
from pruner.jobs.entered import commands_of, entered, scripts, started
from pruner.jobs.first_party import first_party
from pruner.jobs.inputs import requirements as required
from pruner.jobs.inputs import settings_of
from pruner.model import Finding, SourceFile, SourceTree
from pruner.static.entry import entry_files

Trees = Callable[[tuple[int, ...]], SourceTree]


class Committed(NamedTuple):
    """What was committed of an image; without a document `flaw` says what is wrong."""

    document: Document | None
    flaw: tuple[Finding, ...] = ()


class _Built(msgspec.Struct):
    size_bytes: int


class _BuildJson(msgspec.Struct):
    minimal: _Built


def trees_of(config: Config, note: Callable[[str], object]) -> Trees:
    """Return what reads the source tree, once for each version of Python."""

    @cache
    def tree(python: tuple[int, ...]) -> SourceTree:
        return first_party(config, note, python)

    return tree


def committed(config: Config, image: Image) -> Committed:
    """Read the committed verdicts; what cannot be read is a finding."""
    path = config.locks_of(image) / "verdicts.json"
    try:
        document = read_verdicts(path)
    except UsageError as error:
        shown = _shown(config, path)
        what = error.message.removeprefix(f"{path}: ")
        return Committed(None, (drifted("PRN500", shown, what, fix=error.hint or ""),))
    if document.image != image.name:
        what = f"it is the lock of another image, {document.image}"
        return Committed(None, (drifted("PRN500", _shown(config, path), what),))
    return Committed(document)


def static(
    config: Config, image: Image, document: Document, trees: Trees, missed: Sequence[guard.Miss]
) -> Iterator[Finding]:
    """Yield how the files of today differ from those that the lock was made from.

    Raises UsageError where the source tree cannot be listed.
    """
    inputs = document.inputs
    yield from settings.standing(document, _shown(config, config.locks_of(image)))
    try:
        read = dockerfile_of(image, config.root)
    except UsageError as error:
        read = None
        yield _unread(error, image.dockerfile or "")
    code = _Code(config, image, read, document, trees)
    yield from imports.new_imports(code.lacks, document, inputs)
    yield from imports.newly_named(document, inputs, code.read())
    yield from imports.unread(code.tree, code.files, document)
    yield from agents.agents(document, [agent.name for agent in image.agents])
    yield from agents.processes(image.name, inputs, code.started(), code.scripts())
    yield from _requirements(config, image, read, document, code)
    yield from _pins(config, image, document)
    yield from settings.base(document, inputs, _base(image, read))
    yield from settings.configuration(document, inputs, settings_of(image))
    if image.budget is not None:
        budget = settings.Budget(image.budget, _built(config, image))
        yield from settings.budget(document, budget)
    yield from guard.missed(document, missed, code.tree)


class _Code:
    """The code of today, as far as the agents of an image lead to it."""

    def __init__(
        self,
        config: Config,
        image: Image,
        read: Dockerfile | None,
        document: Document,
        trees: Trees,
    ) -> None:
        self._config, self._image, self._read = config, image, read
        inputs = document.inputs
        numbers = tuple(int(part) for part in document.python.split(".") if part.isdecimal())
        tree, entries = entered(trees(numbers), config, commands_of(image.agents, read))
        self.tree = tree
        self._own = {path for agent in image.agents for path in entry_files(tree, agent.argv)}
        before = [path for path in inputs.entries if path in tree.files] if inputs else []
        self.files = reached(tree, (*entries, *before), ())
        self.modules = _modules(document)
        self.lacks = tuple(Names(document, self.modules, tree).lacking(self.files))

    def imports(self) -> dict[str, str]:
        """Return the topmost names that are imported, and the first line of each."""
        found: dict[str, str] = {}
        for path in sorted(self.files):
            for site in self.tree.files[path].sites:
                found.setdefault(site.module.partition(".")[0], f"{site.file}:{site.line}")
        return found

    def read(self) -> list[SourceFile]:
        """Return the files that are reached."""
        return [self.tree.files[path] for path in sorted(self.files)]

    def started(self) -> dict[str, str]:
        """Return the files that are started, and where, but for those that an agent is."""
        found = started(self._config, self._image, self._read, self.tree)
        return {path: where for path, where in found.items() if path not in self._own}

    def scripts(self) -> tuple[str, ...]:
        """Return the files beside the agents that can be started, and that no image's agent is."""
        found = scripts(self.tree, self._own)
        every = (
            {
                path
                for image in self._config.images.values()
                for agent in image.agents
                for path in entry_files(self.tree, agent.argv)
            }
            if set(found) - self.files
            else set()
        )
        return tuple(path for path in found if path not in {*self.files, *every})


def _modules(document: Document) -> dict[str, tuple[str, ...]]:
    """Return the import names of distributions: as recorded, else as proofs tell them."""
    if document.inputs is not None:
        return document.inputs.modules
    found: dict[str, tuple[str, ...]] = {}
    for row in document.distributions:
        told = [item.what for item in row.proof if item.kind in {"module", "extension"}]
        tops = {name.partition(".")[0] for name in told}
        found[row.name] = tuple(sorted(tops)) or (row.name.replace("-", "_"),)
    return found


def _requirements(
    config: Config, image: Image, read: Dockerfile | None, document: Document, code: _Code
) -> Iterator[Finding]:
    today, errors = required(config, image, read)
    for error in errors:
        yield _unread(error, image.requirements[0] if image.requirements else "requirements")
    if not errors:
        known = requirements.Code(code.imports(), code.modules)
        asked = requirements.asked(today)
        yield from requirements.changes(document, document.inputs, asked, known)


def _unread(error: UsageError, file: str) -> Finding:
    where, _, what = error.message.partition(": ")
    if not what:
        where, what = file, error.message
    return drifted("PRN514", where, what, fix=error.hint or "")


def _pins(config: Config, image: Image, document: Document) -> Iterator[Finding]:
    folder = config.locks_of(image)
    shown = _shown(config, folder)
    files: dict[str, dict[str, pins.Pin]] = {}
    inputs = document.inputs or Inputs()
    for name in pins.PINNED:
        path = folder / name
        if not os.path.lexists(path):
            if name in inputs.pins or name != pins.CONSTRAINTS:
                yield drifted("PRN520", f"{shown}/{name}", "is missing from the lock")
            continue
        try:
            data = regular(path, MAX_BYTES)
            if pins.digest(data) != inputs.files.get(name):
                files[name] = pins.read_pins(name, data)
        except (OSError, ValueError, TypeError, RecursionError) as error:
            yield drifted("PRN520", f"{shown}/{name}", f"cannot be read: {_words(error)}")
    yield from pins.changed(document, document.inputs, files, shown)


def pins_of(config: Config, image: Image, document: Document) -> dict[str, str]:
    """Return the pins of the committed requirements.txt that name a version, by key."""
    path = config.locks_of(image) / pins.REQUIREMENTS
    kept = {row.name for row in document.distributions if row.kept}
    try:
        rows = pins.read_pins(pins.REQUIREMENTS, regular(path, MAX_BYTES))
    except (OSError, ValueError):
        return {}
    return {key: pin.version for key, pin in rows.items() if pin.version and key in kept}


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or "it is damaged"


def _base(image: Image, read: Dockerfile | None) -> settings.Base | None:
    if read is None or image.dockerfile is None:
        return None
    line = read.stages[-1].line if read.stages else 1
    return settings.Base(read.base, f"{image.dockerfile}:{line}", read.python_version)


def _built(config: Config, image: Image) -> int | None:
    """Return the bytes of the image as `pruner build` measured it last, where it did."""
    path = config.private_of(image) / "build.json"
    try:
        return msgspec.json.decode(regular(path, MAX_BYTES), type=_BuildJson).minimal.size_bytes
    except (OSError, ValueError):
        return None


def _shown(config: Config, path: Path) -> str:
    return (
        path.relative_to(config.root).as_posix() if path.is_relative_to(config.root) else str(path)
    )
