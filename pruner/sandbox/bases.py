"""The image that an image stands on: its digest, and the Debian packages that it brings."""

import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from pruner.document import BaseImage
from pruner.errors import OutsideError, PrunerError
from pruner.sandbox.base import Base
from pruner.sandbox.containers import labelled
from pruner.sandbox.engine import failing, made

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

MAX_BYTES = 64 << 20
STATUS = ("/var/lib/dpkg/status", "/var/lib/dpkg/status.d")
"""Where dpkg, and where distroless images, say what is installed."""

_PACKAGE = re.compile(rb"^Package: ([a-z0-9][a-z0-9+.-]{0,99})$", re.MULTILINE)


def look_at(client: "DockerClient", name: str, run: str) -> Base | None:
    """Return what is known of a base image; None where the engine does not have it.

    It is never started: a base need not have anything that runs. `run` is the workspace's id.
    """
    from docker.errors import ImageNotFound  # noqa: PLC0415

    try:
        with failing("the base image cannot be looked at"):
            try:
                image = client.images.get(name)
            except ImageNotFound:  # a build keeps what it pulls to itself
                image = client.images.pull(name)
            digests: list[str] = image.attrs.get("RepoDigests") or []
        with made(
            lambda: client.containers.create(name, ["-"], labels=labelled(run)),
            lambda container: container.remove(force=True, v=True),
            f"a container of {name}",
        ) as container:
            packages = frozenset(_packages(container))
    except PrunerError:
        return None
    found = (item.partition("@")[2] for item in digests)
    return Base(
        image=BaseImage(name=name, digest=next((item for item in found if item), None)),
        packages=packages,
    )


def digest_of_tag(client: "DockerClient", name: str) -> str | None:
    """Return the digest that a tag leads to in its registry today; None where that is not known."""
    try:
        with failing("the registry does not answer"):
            return str(client.images.get_registry_data(name).id) or None
    except PrunerError:
        return None


def _packages(container: "Container") -> Iterator[str]:
    for path in STATUS:
        for text in _files(container, path):
            yield from (name.decode() for name in _PACKAGE.findall(text))


def _files(container: "Container", path: str) -> Iterator[bytes]:
    """Yield what the regular files below a path hold; nothing where there is none."""
    from docker.errors import NotFound  # noqa: PLC0415

    held = bytearray()
    with failing("the base image cannot be read"):
        try:
            stream, _ = container.get_archive(path)
        except NotFound:
            return
        for chunk in stream:
            held += chunk
            if len(held) > MAX_BYTES:
                what = f"{path} of the base image is larger than {MAX_BYTES} bytes"
                raise OutsideError(what, hint="see what the base image is")
    try:
        with closing(tarfile.open(fileobj=io.BytesIO(held))) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                if file is not None:
                    yield file.read()
    except tarfile.TarError as error:
        what = f"{path} of the base image cannot be read: {error}"
        raise OutsideError(what, hint="pull the base image again") from error
