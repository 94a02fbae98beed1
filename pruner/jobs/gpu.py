"""Whether libraries can use a GPU: asked in the original, and again where a lock is proven."""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from pruner.config import Agent, Image
from pruner.document import GpuCheck, GpuReport
from pruner.errors import OutsideError, SandboxError
from pruner.model import Trace
from pruner.rules import Answer, gpu_checks
from pruner.rules import GpuCheck as Row
from pruner.sandbox.base import Environment, last_line

TIMEOUT = 120.0
"""Seconds that one library gets to be imported and to answer."""
SLACK = 30.0
MAX_BYTES = 1 << 20
VARIABLES = ("LD_LIBRARY_PATH", "CUDA_", "NVIDIA_", "ORT_", "TF_", "XLA_", "JAX_")
"""How variables of agents begin that decide about a GPU."""
FAILED = "failed: "
PROCESSOR = {"CPUExecutionProvider", "cpu"}
NOTHING = {"", "False", "0", "None"}

_numbers = count(1)

_Word = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,200}\Z")]
_Number = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
_Words = Annotated[tuple[_Word, ...], msgspec.Meta(max_length=50)]


class _Failed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    failed: _Word


_Given = bool | _Number | _Word | _Words | _Failed


class _Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    gpu: bool
    device: _Word
    answers: dict[str, tuple[_Given, ...]]


class Told(NamedTuple):
    """What libraries said in one environment."""

    there: bool  # the driver of a GPU was seen
    device: str
    said: Mapping[str, str]  # by `what` of the rows


class Asking(NamedTuple):
    """What is asked in every environment of an image, and what the first one said."""

    agents: Sequence[Agent]
    modules: Sequence[str]  # import names that were loaded and hold something


def first(environment: Environment, asking: Asking, traces: Iterable[Trace]) -> GpuReport:
    """Ask in the original of an image that wants a GPU."""
    told = ask(environment, asking)
    return GpuReport(
        asked=True,
        there=told.there or any(trace.gpu for trace in traces),
        device=told.device,
        checks=tuple(GpuCheck(what=what, before=said) for what, said in told.said.items()),
    )


def again(
    environment: Environment, asking: Asking, before: GpuReport
) -> tuple[GpuReport, list[str]]:
    """Ask in the environment of a lock; return both answers, and what was lost, a line each.

    Where one of the two environments had a GPU and the other none, nothing can be compared.
    """
    told = ask(environment, asking)
    checks = tuple(
        msgspec.structs.replace(row, after=told.said.get(row.what, "")) for row in before.checks
    )
    report = msgspec.structs.replace(
        before, there=told.there, device=told.device or before.device, checks=checks
    )
    if told.there != before.there:
        return report, []
    return report, [line for row in checks for line in lost(row)]


def can_use(report: GpuReport) -> bool:
    """Return whether a GPU was there, and not all that was asked said that it cannot use it."""
    rows = {row.what: row for row in gpu_checks()}
    told = [(rows[item.what], item.before) for item in report.checks]
    asked = [(row, said) for row, said in told if row.answer is not Answer.DETAIL]
    return report.there and (not asked or any(_uses(row, said) for row, said in asked))


def not_exercised(
    image: Image, traces: Sequence[Trace], also: Iterable[Trace], report: GpuReport | None
) -> bool:
    """Tell whether a GPU is wanted, and some agent has no run in which one could be used.

    `also` are runs of other days, which may have been made where one was.
    """
    if not image.gpu:
        return False
    here = traces if report is None or can_use(report) else ()
    ran = {trace.agent for trace in (*here, *also) if trace.gpu}
    return not ran.issuperset(trace.agent for trace in traces)


def lost(item: GpuCheck) -> list[str]:
    """Return what the answer after has no more, a line each, of what the one before had."""
    row = next((row for row in gpu_checks() if row.what == item.what), None)
    if row is None or not item.after or not _positive(row, item.before):
        return []
    if item.after.startswith(FAILED):
        return [f"{row.subject} can no longer be asked for a GPU: {item.after}"]
    if row.answer is Answer.MEMBERS:
        after = item.after.split(", ")
        gone = [name for name in item.before.split(", ") if name not in after]
        return [f"{row.subject} no longer has {name}" for name in gone]
    fewer = item.after in NOTHING or _number(item.after) < _number(item.before)
    return [f"{row.what} is {item.after}, not {item.before}"] if fewer else []


def _positive(row: Row, said: str) -> bool:
    return row.answer is not Answer.DETAIL and said not in NOTHING and not said.startswith(FAILED)


def _uses(row: Row, said: str) -> bool:
    """Tell whether an answer speaks of a GPU: a list of nothing but the processor does not."""
    return _positive(row, said) and not PROCESSOR.issuperset(said.split(", "))


def _number(said: str) -> int:
    return int(said) if said.isdecimal() else 0


def ask(environment: Environment, asking: Asking) -> Told:
    """Ask what was loaded whether it can use a GPU; whatever goes wrong there is an answer."""
    rows = [row for row in gpu_checks() if row.module in asking.modules]
    modules = {row.module: [each for each in rows if each.module == row.module] for row in rows}
    order = {
        "timeout": TIMEOUT,
        "env": _variables(asking.agents),
        "modules": [[name, [row.expression for row in each]] for name, each in modules.items()],
    }
    try:
        found = _asked(environment, order)
        said = {
            row.what: _shown(given)
            for name, each in modules.items()
            for row, given in zip(each, found.answers[name], strict=True)
        }
    except (OutsideError, KeyError, ValueError) as error:
        why = error.message if isinstance(error, OutsideError) else "it is not what was asked"
        return Told(there=False, device="", said={row.what: f"{FAILED}{why}" for row in rows})
    return Told(there=found.gpu, device=found.device, said=said)


def _asked(environment: Environment, order: Mapping[str, object]) -> _Answers:
    name = f"gpu-{next(_numbers)}.json"
    answer = environment.desk / "out" / name
    (environment.desk / name).write_bytes(msgspec.json.encode(order))
    argv = [environment.python, "-I", f"{environment.tools}/gpu.py"]
    argv += [f"{environment.tools}/{name}", f"{environment.tools}/out/{name}"]
    modules = order["modules"]
    assert isinstance(modules, list)  # noqa: S101  it is made above
    try:
        done = environment.run(argv, timeout=SLACK + TIMEOUT * len(modules), gpu=True)
        if done.code != 0:
            ended = "it ran out of time" if done.code is None else f"exit {done.code}: {done.said}"
            raise SandboxError(ended)
        return _read(answer)
    finally:
        answer.unlink(missing_ok=True)


def _read(path: Path) -> _Answers:
    """Read what was written in the sandbox; nothing of it is trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=_Answers)
    except OSError as error:
        raise SandboxError(f"its answer cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SandboxError(f"its answer cannot be read: {last_line(str(error))}") from error


def _shown(given: _Given) -> str:
    match given:
        case _Failed(failed=why):
            return f"{FAILED}{why}"
        case tuple():
            return ", ".join(given)
        case _:
            return str(given)


def _variables(agents: Iterable[Agent]) -> dict[str, str]:
    """Return the variables of agents that decide about a GPU; of one name, the last agent's."""
    return {
        name: value
        for agent in agents
        for name, value in agent.env.items()
        if name.startswith(VARIABLES)
    }
