"""What reading a file gives, kept between runs by its content."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Protocol


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
