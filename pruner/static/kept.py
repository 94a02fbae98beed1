"""What reading a file's text gives, kept between runs by its content."""

import hashlib
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Protocol

VERSION = 8
"""Raised whenever the pass over a file changes, or what is kept of it."""
PYTHON = "{}.{}".format(*sys.version_info)
"""Whose grammar files are read with: what one version cannot read, another may."""


class Cache(Protocol):
    """Where facts are kept between runs: see `pruner.inventory.facts`."""

    def get(self, kind: str, version: int, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the facts that are known of the keys."""
        ...

    def put(self, kind: str, version: int, rows: Mapping[str, bytes]) -> None:
        """Keep facts by key."""
        ...


def digest(content: bytes) -> str:
    """Return the sha256 of a content, spelled as RECORD does."""
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
