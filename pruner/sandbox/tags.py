"""The tags of images that pruner has built: which of them is the current one."""

from typing import Literal

from pruner.errors import PrunerError
from pruner.model import Value
from pruner.sandbox import engine

CURRENT = "current"


class Tagged(Value, frozen=True):
    """What became of an image's tag `current`.

    "none": there is no such tag, and no image of that lock. "moved": it is on that image, where it
    may have been before. "stale": it is on the image of another lock, since that lock has none.
    """

    state: Literal["none", "moved", "stale"]
    name: str = ""  # "pruner/app:current"


def repository(image: str) -> str:
    """Return the name under which an engine has an image of the configuration."""
    return f"pruner/{image.lower()}"


def make_current(image: str, lock: str) -> Tagged:
    """Put the tag `current` on the image that was built from a lock, by the lock's id.

    Does nothing where no engine answers, or where it has no image of that lock.
    """
    try:
        client = engine.connect()
    except PrunerError:
        return Tagged(state="none")
    name = repository(image)
    try:
        with engine.failing("the image cannot be tagged"):
            has = {
                tag.rpartition(":")[2]: item
                for item in client.images.list(name)
                for tag in item.tags
                if tag.rpartition(":")[0].removeprefix("localhost/") == name
            }
            if lock in has:
                has[lock].tag(name, CURRENT)
                return Tagged(state="moved", name=f"{name}:{CURRENT}")
    finally:
        client.close()
    if CURRENT in has:
        return Tagged(state="stale", name=f"{name}:{CURRENT}")
    return Tagged(state="none")
