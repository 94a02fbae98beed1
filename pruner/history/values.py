"""One run of a command on one image, as the history has it."""

from typing import Annotated, Literal

import msgspec

from pruner.model import Value

Word = Annotated[str, msgspec.Meta(max_length=200)]
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Counts = Annotated[dict[Word, Count], msgspec.Meta(max_length=200)]


class Run(Value, frozen=True):
    """One run: sizes in bytes, None where the run did not measure them."""

    at: Word  # UTC, when it ended: "2026-11-25T03:15:02Z"
    command: Word  # "lock", "trace", "verify", "build", "audit", "rollback", …
    image: Word
    outcome: Literal["ok", "found", "failed"]
    exit: Annotated[int, msgspec.Meta(ge=0, le=255)]
    runtime: Word = ""
    policy: Word = ""
    lock: Word | None = None  # id of the accepted lock that it made, proved or built
    size_before: Count | None = None  # of the installed distributions
    size_after: Count | None = None  # of those that are kept
    image_bytes: Count | None = None  # of the original image, all layers
    minimal_bytes: Count | None = None  # of the minimal image
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    levels: Counts = {}  # noqa: RUF012  level -> distributions of it, among all that are installed
    findings: Counts = {}  # noqa: RUF012  code -> findings
    needed: Annotated[tuple[Word, ...], msgspec.Meta(max_length=5000)] = ()
    # "name==version", observed in that very run
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    kept: Count | None = None  # distributions that stay, of `total`
    total: Count | None = None
    inputs: Annotated[dict[Word, Word], msgspec.Meta(max_length=20)] = {}  # noqa: RUF012
    # of a lock that was made: what it rests on -> sha256 of the contents
