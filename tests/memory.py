"""A cache of facts that forgets nothing, and knows what it was told."""

from collections.abc import Iterable, Mapping


class Memory:
    """What `pruner.kept.Cache` asks for."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int, str], bytes] = {}

    def get(self, kind: str, version: int, keys: Iterable[str]) -> dict[str, bytes]:
        return {k: self.rows[kind, version, k] for k in keys if (kind, version, k) in self.rows}

    def put(self, kind: str, version: int, rows: Mapping[str, bytes]) -> None:
        self.rows.update({(kind, version, key): data for key, data in rows.items()})
