"""Images of a few bytes, for what looks at names alone."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import ImageNotFound

from support import client


@contextmanager
def tiny(repository: str, *tags: str) -> Iterator[str]:
    """Make an image with tags of its own; return its id, and remove every name afterwards."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("-".join(tags)))
    api = client().api
    try:
        api.import_image_from_data(data.getvalue(), repository=repository, tag=tags[0])
        for tag in tags[1:]:
            api.tag(f"{repository}:{tags[0]}", repository, tag)
        yield str(client().images.get(f"{repository}:{tags[0]}").id)
    finally:
        for tag in {*tags, "current"}:
            try:
                client().images.remove(f"{repository}:{tag}", force=True)
            except ImageNotFound:
                continue
