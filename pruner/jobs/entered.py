"""Which first-party files an image's commands start, and what its Dockerfile starts besides."""

import posixpath
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pruner.config import Agent, Config, Image
from pruner.errors import UsageError
from pruner.image.dockerfile import Dockerfile
from pruner.jobs.found import Start
from pruner.jobs.starts import starts
from pruner.model import SourceTree
from pruner.static.entry import entry_files
from pruner.static.shell import with_shell_scripts


class Commands(NamedTuple):
    """What runs in an image: agents, and what the Dockerfile has besides."""

    agents: tuple[tuple[str, ...], ...]
    image: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[tuple[str, ...], ...]:
        """All of them."""
        return (*self.agents, self.image, self.healthcheck)


def commands_of(agents: Sequence[Agent], read: Dockerfile | None) -> Commands:
    """Return the commands of agents, and of the Dockerfile where there is one."""
    own = tuple(agent.argv for agent in agents)
    return Commands(own) if read is None else Commands(own, read.argv, read.healthcheck)


def entered(
    tree: SourceTree, config: Config, commands: Commands
) -> tuple[SourceTree, tuple[str, ...]]:
    """Return the tree with its shell scripts, and the files that agents and a health check start.

    Of what the image itself starts, only scripts count: the rest runs where an agent is that.
    """
    argvs = (*commands.agents, commands.healthcheck)
    entries = [file for argv in argvs for file in entry_files(tree, argv)]
    tree, scripts = with_shell_scripts(tree, config.root, config.source, commands.every)
    return tree, tuple(dict.fromkeys((*entries, *scripts)))


def started(
    config: Config, image: Image, read: Dockerfile | None, tree: SourceTree
) -> dict[str, str]:
    """Return the first-party files that the Dockerfile or compose files start, and where.

    Compose files are looked for beside the configuration, the Dockerfile, and in the context.
    """
    if read is None or image.dockerfile is None:
        return {}
    folder = posixpath.dirname(image.dockerfile)
    found: dict[str, str] = {}
    own = ((start.argv, start.where) for start in _starts(config, image, read, folder))
    for argv, where in chain([(read.argv, image.dockerfile)], own):
        for path in entry_files(tree, argv):
            if posixpath.basename(path) != "__init__.py":
                found.setdefault(path, where)
    return found


def scripts(tree: SourceTree, entries: Collection[str]) -> tuple[str, ...]:
    """Return the first-party files that can be started and lie beside those that are."""
    folders = {posixpath.dirname(path) for path in entries}
    return tuple(
        sorted(
            path
            for path, file in tree.files.items()
            if file.script and posixpath.dirname(path) in folders
        )
    )


def _starts(config: Config, image: Image, read: Dockerfile, folder: str) -> Iterator[Start]:
    try:
        yield from starts(config.root, read, image.context, folder)
        names = _names(config.root, dict.fromkeys((".", folder or ".", image.context)))
        if not any(name.endswith((".yml", ".yaml")) for name in names):
            return
        from pruner.jobs.fleet import fleets, read_build, starts_of  # noqa: PLC0415  costs time

        for fleet in fleets(config.root, names)[0]:
            if posixpath.normpath(fleet.build.dockerfile) == image.dockerfile:
                built = read_build(config.root, fleet.build)
                if built.stages[-1].line == read.stages[-1].line:
                    yield from starts_of(fleet, built)
    except UsageError:
        return  # `pruner audit` and `pruner init` say what is wrong there


def _names(root: Path, folders: Collection[str]) -> list[str]:
    """Return the files of a few folders, relative to the root."""
    found = []
    for folder in folders:
        if folder.startswith(".."):
            continue
        try:
            names = [path.name for path in (root / folder).iterdir()]
        except OSError:
            continue
        found += [posixpath.normpath(posixpath.join(folder, name)) for name in names]
    return sorted(found)
