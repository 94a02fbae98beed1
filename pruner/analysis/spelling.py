"""Paths as people know them: without site-packages or the image's own folder in front."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.own import tail_in
from pruner.model import Proof, SourceTree

_LINE = re.compile(r":[0-9]+\Z")


class Spelling:
    """Shortens "path:line" for reports."""

    def __init__(self, ownership: Ownership, tree: SourceTree) -> None:
        self._ownership = ownership
        self._tree = tree

    def short(self, by: str) -> str:
        """Return a line, or a path, as the source tree or the environment has it."""
        path, colon, line = by.rpartition(":") if _LINE.search(by) else (by, "", "")
        known = self.own(path) or self._ownership.script(path)
        return f"{known or self._ownership.below_site(path)}{colon}{line}"

    def own(self, path: str) -> str | None:
        """Return the path of a first-party file as the source tree has it."""
        copy = self._ownership.copy_of(path)
        return copy or (None if self._ownership.is_site(path) else tail_in(path, self._tree))

    def chain(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return several lines, shortened."""
        return tuple(map(self.short, lines))

    def proofs(self, found: Mapping[str, tuple[Proof, ...]]) -> dict[str, tuple[Proof, ...]]:
        """Return proofs with their lines shortened."""
        return {
            key: tuple(
                msgspec.structs.replace(proof, by=self.short(proof.by)) if proof.by else proof
                for proof in row
            )
            for key, row in found.items()
        }
