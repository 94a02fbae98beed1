"""What a report in any format is made of: one image, and what is known of it."""

from collections.abc import Iterable
from typing import Any

import msgspec

from pruner.document import Document
from pruner.image.measures import BuildReport
from pruner.model import Finding, Value
from pruner.urls import cleaned

SEVERITIES = ("error", "warning", "note")
"""As findings have them, the worst first."""

MOST_NUMBER = 1 << 53
"""Up to here every number of JSON is exact wherever it is read."""


class PinnedFile(Value, frozen=True):
    """A wheel or an archive, and its hashes by algorithm, in hexadecimal."""

    url: str  # a path where the lock has that
    hashes: dict[str, str]
    size_bytes: int | None = None


class Pinned(Value, frozen=True, kw_only=True, omit_defaults=True):
    """A distribution of the lock."""

    name: str
    version: str | None = None
    index: str | None = None  # None: it comes from no index
    files: tuple[PinnedFile, ...] = ()


class Subject(Value, frozen=True, kw_only=True, omit_defaults=True):
    """An image; None, or nothing, is what is not known. Sizes are bytes.

    `image` is its name in pruner.toml. A document lies in a working tree, and may say another one.
    """

    image: str
    document: Document
    findings: tuple[Finding, ...] = ()  # of an audit or of drift, beside those of the document
    previous: Document | None = None  # of the lock before: that of the branch to be merged into
    pins: tuple[Pinned, ...] = ()  # what pylock.toml says of each distribution
    build: BuildReport | None = None
    budget_bytes: int | None = None
    proven_at: str | None = None  # when the last proof ended: UTC, "2026-11-24T10:02:03Z"

    @property
    def found(self) -> tuple[Finding, ...]:
        """All findings, each once, the worst first; a severity that is none is a warning."""
        every = dict.fromkeys((*self.document.findings, *self.findings))
        known = [
            item
            if item.severity in SEVERITIES
            else msgspec.structs.replace(item, severity="warning")
            for item in every
        ]
        return tuple(sorted(known, key=lambda item: SEVERITIES.index(item.severity)))

    @property
    def size_bytes(self) -> int | None:
        """What counts against the budget: the image where it was built, else what is kept."""
        if self.build is not None:
            return self.build.minimal.size_bytes
        sizes = self.document.size_bytes
        return sizes.after if sizes is not None else None

    @property
    def over_bytes(self) -> int:
        """By how much the image is larger than its budget."""
        if self.size_bytes is None or self.budget_bytes is None:
            return 0
        return max(0, self.size_bytes - self.budget_bytes)


class Report(Value, frozen=True, kw_only=True):
    """What `pruner report` says as JSON."""

    schema: int
    version: str  # pruner's own
    images: tuple[Subject, ...]


def without_secrets(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """Return subjects in whose URLs no credentials show, one for each image."""
    plain = cleaned(msgspec.to_builtins(list({row.image: row for row in subjects}.values())))
    return msgspec.convert(_bounded(plain), tuple[Subject, ...])


def _bounded(value: Any) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Return a value without numbers that only a forged file has, and that are no float either."""
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-MOST_NUMBER, min(value, MOST_NUMBER))
    if isinstance(value, dict):
        return {key: _bounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_bounded(item) for item in value]
    return value
