"""Images that are built to be measured and proven: made from Dockerfiles, and removed again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pruner.config import Image
from pruner.errors import OutsideError, PrunerError
from pruner.sandbox import engine
from pruner.sandbox.base import Environment
from pruner.sandbox.bases import look_at
from pruner.sandbox.containers import labelled
from pruner.sandbox.docker_environment import DockerEnvironment, Made
from pruner.sandbox.layers import Saved, Weighed, read_image
from pruner.sandbox.projects import interpreters
from pruner.sandbox.workspace import Workspace, workspace

if TYPE_CHECKING:
    from docker import DockerClient


class Plan(NamedTuple):
    """What an image is built from."""

    image: Image
    kind: str  # "original" | "minimal", a part of its tag
    dockerfile: Path
    context: Path
    args: dict[str, str]
    target: str | None = None  # the stage that is built, None: the last


class Yard:
    """Builds images in an engine, and removes them with what they left in its cache."""

    def __init__(self, root: Path, client: "DockerClient", place: Workspace) -> None:
        self._root = root
        self._client = client
        self._place = place
        self._weighed: Weighed = {}

    @contextmanager
    def built(self, plan: Plan, *, fresh: bool = True) -> Iterator[str]:
        """Build an image, which is there until the end, and yield its tag.

        `fresh`: with nothing in the cache. What its build left there goes with it: two of them may
        be more than a disk holds.
        """
        before = self.cached()
        tag = f"pruner-{plan.image.name.lower()}-{plan.kind}:{self._place.id}"
        try:
            self.build(plan, tag, fresh=fresh)
            yield tag
        finally:
            with suppress(PrunerError), engine.failing("cannot remove an image"):
                self._client.images.remove(tag, force=True)
            with suppress(PrunerError):
                self.forget(before)

    def build(self, plan: Plan, tag: str, *, fresh: bool = False, kept: bool = False) -> float:
        """Build an image and return the seconds that it took.

        One that is `kept` carries no label by which `pruner gc` would take it for a leftover.
        """
        began = time.monotonic()
        labels = {"dev.pruner.image": plan.image.name} if kept else labelled(self._place.id)
        engine.build(
            plan.dockerfile,
            plan.context,
            tag,
            args=plan.args,
            labels=labels,
            target=plan.target,
            fresh=fresh,
            room=self.room,
        )
        return time.monotonic() - began

    def environment(self, image: Image, tag: str) -> Environment:
        """Return an image as what agents run in."""
        made = Made(self._client, tag, interpreters(image, self._root))
        return DockerEnvironment(made, image, self._place)

    def weigh(self, tag: str) -> Saved:
        """Return what lies in an image's layers, and what each of them weighs in a registry."""
        return read_image(self._client, tag, self._weighed)

    def base(self, name: str) -> frozenset[str] | None:
        """Return the Debian packages of a base image, None where the engine cannot get it."""
        found = look_at(self._client, name, self._place.id)
        return None if found is None else found.packages

    def size(self, tag: str) -> int | None:
        """Return the bytes of an image, None where the engine does not have it."""
        with suppress(PrunerError), engine.failing("cannot be looked at"):
            return int(self._client.images.get(tag).attrs["Size"])
        return None

    def name(self, tag: str, repository: str, name: str) -> None:
        """Give an image another name."""
        with engine.failing(f"{tag} cannot be named"):
            self._client.images.get(tag).tag(repository, name)

    def room(self) -> int | None:
        """Return the bytes that are free where the engine keeps images, if that is here."""
        return engine.free_bytes(self._client)

    def cached(self) -> frozenset[str]:
        """Return the layers in the engine's build cache, by id."""
        with engine.failing("the build cache cannot be looked at"):
            rows = self._client.df().get("BuildCache") or []
        return frozenset(str(row["ID"]) for row in rows)

    def forget(self, before: frozenset[str]) -> None:
        """Remove from the build cache what was not in it before, and nothing uses."""
        left = set(self.cached() - before)
        with suppress(PrunerError), engine.failing("the build cache cannot be cleaned"):
            # A layer goes only once all that stand on it are gone, and one is asked for at a time.
            while gone := {name for name in sorted(left) if self._forgotten(name)}:
                left -= gone

    def _forgotten(self, name: str) -> bool:
        filters = cast("Any", {"id": [name]})
        return bool(self._client.api.prune_builds(filters=filters, all=True)["CachesDeleted"])


@contextmanager
def opened(root: Path) -> Iterator[Yard]:
    """Open a yard for the project in a folder; OutsideError where no engine answers."""
    client = engine.connect()
    try:
        with workspace() as place:
            yield Yard(root, client, place)
    finally:
        client.close()


def require_room(yard: Yard, wanted: int, what: str) -> None:
    """Raise OutsideError where fewer bytes are free than `what` is going to take."""
    free = yard.room()
    if free is not None and free < wanted:
        raise OutsideError(
            f"{what} needs about {wanted / 1e9:.1f} GB, and the engine's disk has {free / 1e9:.1f}",
            hint=engine.DISK,
        )
