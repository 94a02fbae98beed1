"""Orders to tracers/inside.py: what is asked from within a sandbox, and its checked answers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol, TypeVar

import msgspec

from pruner.errors import SandboxError
from pruner.sandbox.base import Completed, last_line

SLACK = 15.0
"""Seconds on top of a probe's own time limit for an interpreter to start and end."""
NOT_READY = "`ready` and `timeout` of the service say what is waited for, and how long"

T = TypeVar("T")

# The agent runs beside the probe, as the same user: what it could make of an answer is bounded.
_Word = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,200}\Z")]
_Detail = Annotated[str, msgspec.Meta(max_length=100_000)]
_Path = Annotated[str, msgspec.Meta(max_length=5_000)]
_Bytes = Annotated[int, msgspec.Meta(ge=0, lt=1 << 60)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a probe ended."""

    ok: bool
    outcome: _Word
    detail: _Detail = ""


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The libraries that live processes have mapped, and the bytes that they hold.

    `deaf` says that process 1 handles no SIGTERM: where the agent is process 1, as in a container,
    asking it to end is of no use. `gpu` says that the driver of one is seen.
    """

    libraries: Annotated[tuple[_Path, ...], msgspec.Meta(max_length=100_000)]
    memory: _Bytes
    deaf: bool
    gpu: bool


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an interpreter has its distributions, and the scripts that their RECORDs list."""

    executable: str
    version: str
    site: tuple[str, ...]
    scripts: tuple[str, ...]


class Runs(Protocol):
    """Whatever can run a command in a sandbox: an Environment, a Session."""

    def run(self, argv: Sequence[str], *, timeout: float) -> Completed:
        """Run it to its end."""
        ...


def ask(place: Runs, argv: Sequence[str], order: Mapping[str, object], answer: type[T]) -> T:
    """Run one order in a sandbox and decode its answer, which is not trusted before that.

    `argv` is how inside.py is called there: see `probe` and `survey`.
    """
    limit = order.get("timeout")
    timeout = (limit if isinstance(limit, int | float) else 30.0) + SLACK
    done = place.run([*argv, msgspec.json.encode(order).decode()], timeout=timeout)
    return checked(done, answer)


def probe(python: str, tools: str) -> list[str]:
    """Return the call of inside.py that loads nothing of the target's."""
    return [python, "-I", "-S", f"{tools}/inside.py"]


def survey(python: str, tools: str) -> list[str]:
    """Return the call of inside.py with the interpreter's site folders: `layout` needs them."""
    return [python, "-I", f"{tools}/inside.py"]


def checked(done: Completed, answer: type[T]) -> T:
    """Decode what a command in a sandbox printed, or say in one line why it cannot be."""
    try:
        return msgspec.json.decode(printed(done), type=answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        said = last_line(str(error))
        raise SandboxError(f"a probe in the sandbox gave no valid answer: {said}") from error


def printed(done: Completed) -> bytes:
    """Return what a command in a sandbox printed, or say in one line why it did not end well."""
    if done.code is None:
        raise SandboxError("the sandbox does not answer: a probe in it ran out of time")
    if done.code != 0:
        raise SandboxError(f"a probe in the sandbox failed (exit {done.code}): {done.said}")
    return done.stdout
