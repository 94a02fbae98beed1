"""What a Dockerfile says, as frozen values."""

import posixpath
from pathlib import Path

from pruner.image.bases import python_version
from pruner.image.copies import Copy, description, origin
from pruner.image.projects import Install
from pruner.model import Value


class Stage(Value, frozen=True, kw_only=True):
    """One FROM: `base` is an image, or an earlier stage where `parent` is its index."""

    name: str | None
    base: str  # arguments substituted
    parent: int | None = None
    line: int  # 1-based


class Dockerfile(Value, frozen=True, kw_only=True):
    """A Dockerfile as its last stage leaves it, earlier stages that it is based on included."""

    stages: tuple[Stage, ...]
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    healthcheck: tuple[str, ...] = ()  # what the engine runs beside the container's own command
    entrypoint_shell: bool = False  # shell form: CMD is then ignored
    workdir: str = "/"
    env: dict[str, str] = {}  # noqa: RUF012
    user: str | None = None
    expose: tuple[int, ...] = ()  # TCP
    copies: tuple[Copy, ...] = ()  # of the build context, by every stage that reaches the last
    requirements: tuple[str, ...] = ()  # installed, as paths of the build context
    indexes: tuple[tuple[str, str], ...] = ()  # ("index_url", URL) and the like, of its installers

    projects: tuple[Install, ...] = ()  # installed from a folder of the build context
    layers: dict[int, tuple[Copy, ...]] = {}  # noqa: RUF012  of the stages that reach the last

    def tree_of(self, folder: str, context: Path) -> str | None:
        """Return the folder of the build context that a project in a folder of a stage stems from.

        The stage is not known afterwards: the last one that has such a folder is meant.
        """
        for stage in sorted(self.layers, reverse=True):
            found = description(folder, stage, self.layers, context)
            if found is not None:
                return posixpath.dirname(found) or "."
        return None

    def file_of(self, path: str, context: Path) -> str | None:
        """Return the file of the build context that a file of the last stage stems from."""
        return origin(path, max(self.layers, default=0), self.layers, context)

    @property
    def base(self) -> str:
        """The image that the last stage stands on in the end."""
        stage = self.stages[-1]
        while stage.parent is not None:
            stage = self.stages[stage.parent]
        return stage.base

    @property
    def python_version(self) -> str | None:
        """The Python that the base brings, such as "3.11", where its name tells."""
        return python_version(self.base)

    @property
    def argv(self) -> tuple[str, ...]:
        """What a container of this image runs; empty where only the base would say."""
        cmd = () if self.entrypoint_shell else self.cmd or ()
        return (self.entrypoint or ()) + cmd
