"""Touching every import name that is kept: the agents' exercises may not come by all of them."""

import os
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.errors import SandboxError
from pruner.model import Trace
from pruner.sandbox.base import Environment

TIMEOUT = 300.0
"""Seconds for the imports of one environment."""
MAX_BYTES = 1 << 20

_numbers = count(1)


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    names: dict[str, Annotated[int, msgspec.Meta(ge=0)] | None]


def loaded_names(traces: Iterable[Trace], ownership: Ownership) -> dict[str, tuple[str, ...]]:
    """Return the topmost import names of distributions that were loaded -> their owners.

    Only these are touched: to import something else may do what no agent does.
    """
    found: dict[str, set[str]] = {}
    for trace in traces:
        for item in trace.loaded:
            top = item.what.partition(".")[0]
            if item.kind == "library" or item.what != top or ownership.in_stdlib(top):
                continue
            owners = ownership.of_file(item.file)
            if owners and ownership.has(top):
                found.setdefault(top, set()).update(owners)
    return {name: tuple(sorted(owners)) for name, owners in sorted(found.items())}


def touched(environment: Environment, names: Sequence[str]) -> dict[str, bool]:
    """Return of import names whether their modules can be imported and hold something.

    Names that come after one that ended the interpreter are left out.
    """
    if not names:
        return {}
    number = next(_numbers)
    order = f"touch-{number}.json"
    answer = environment.desk / "out" / order
    (environment.desk / order).write_bytes(msgspec.json.encode(list(names)))
    argv = [environment.python, "-I", f"{environment.tools}/touch.py"]
    argv += [f"{environment.tools}/{order}", f"{environment.tools}/out/{order}"]
    try:
        environment.run(argv, timeout=TIMEOUT)
        return {name: bool(size) for name, size in _read(answer).names.items()}
    finally:
        answer.unlink(missing_ok=True)


def _read(path: Path) -> _Answer:
    """Read what was written in the sandbox; nothing of it is trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            answer = msgspec.json.decode(file.read(MAX_BYTES), type=_Answer)
    except OSError as error:
        raise SandboxError(f"what was touched cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SandboxError(f"what was touched cannot be read: {error}") from error
    return answer
