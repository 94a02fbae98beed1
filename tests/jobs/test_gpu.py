"""What is compared of answers about a GPU, with answers that are made up."""

from pathlib import Path

import msgspec
import pytest

from pruner.config import Agent, ExitReady, Image
from pruner.document import GpuCheck, GpuReport
from pruner.jobs.gpu import Asking, again, ask, can_use, first, lost, not_exercised
from pruner.model import AgentStatus, Trace
from pruner.sandbox.base import Completed

SESSION = "onnxruntime session"
AVAILABLE = "torch.cuda.is_available()"
COUNT = "torch.cuda.device_count()"
CUDA = "torch.version.cuda"
CPU = "CPUExecutionProvider"
BOTH = "CUDAExecutionProvider, CPUExecutionProvider"


class Said:
    """An environment in which gpu.py writes what it is told to."""

    python, tools = "python", "/tools"

    def __init__(self, desk: Path, answer: object, code: int | None = 0) -> None:
        self.desk = desk
        self.answer = answer
        self.code = code
        (desk / "out").mkdir()

    def run(self, argv: list[str], *, timeout: float, gpu: bool = False) -> Completed:
        assert gpu
        assert timeout > 0
        data = self.answer if isinstance(self.answer, bytes) else msgspec.json.encode(self.answer)
        (self.desk / argv[-1].removeprefix("/tools/")).write_bytes(data)
        return Completed(argv=tuple(argv), code=self.code, stdout=b"", stderr=b"no\n")

    def start(self, *_: object) -> None: ...


def answers(*, gpu: bool = True, **by_module: list[object]) -> dict[str, object]:
    return {"version": 1, "gpu": gpu, "device": "NVIDIA H100", "answers": by_module}


AGENT = Agent(
    name="a", ready=ExitReady(exit=0, timeout=5), module="a", env={"CUDA_X": "1", "TOKEN": "t"}
)
TORCH = Asking([AGENT], ["torch", "idna"])


@pytest.mark.parametrize(
    ("what", "before", "after", "lines"),
    [
        (SESSION, BOTH, BOTH, []),
        (SESSION, BOTH, CPU, ["onnxruntime's session no longer has CUDAExecutionProvider"]),
        (SESSION, CPU, BOTH, []),
        (SESSION, BOTH, "failed: OSError: x",
         ["onnxruntime's session can no longer be asked for a GPU: failed: OSError: x"]),
        (SESSION, "failed: OSError: x", "failed: OSError: x", []),
        (AVAILABLE, "True", "False", [f"{AVAILABLE} is False, not True"]),
        (AVAILABLE, "False", "True", []),
        (AVAILABLE, "False", "failed: x", []),
        (AVAILABLE, "True", "", []),  # what is no longer there is not asked
        (COUNT, "2", "1", [f"{COUNT} is 1, not 2"]),
        (COUNT, "1", "2", []),
        (CUDA, "12.1", "12.4", []),
        ("a question of another day", "True", "False", []),
    ],
)  # fmt: skip
def test_what_is_lost(what: str, before: str, after: str, lines: list[str]) -> None:
    assert lost(GpuCheck(what=what, before=before, after=after)) == lines


def test_the_answers_of_two_environments(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    had = Said(tmp_path / "a", answers(torch=[True, 1, "12.1", "H100"]))
    before = first(had, TORCH, [])  # type: ignore[arg-type]
    assert (before.there, before.device) == (True, "NVIDIA H100")
    has = Said(tmp_path / "b", answers(torch=[False, 0, "12.1", ""]))
    after, lines = again(has, TORCH, before)  # type: ignore[arg-type]
    assert lines == [f"{AVAILABLE} is False, not True", f"{COUNT} is 0, not 1"]
    assert after.checks[0] == GpuCheck(what=AVAILABLE, before="True", after="False")
    order = next(msgspec.json.decode(file.read_bytes()) for file in (tmp_path / "a").glob("*.json"))
    assert order["env"] == {"CUDA_X": "1"}
    assert [name for name, _ in order["modules"]] == ["torch"]


def test_an_environment_without_the_gpu_of_the_first_proves_nothing(tmp_path: Path) -> None:
    before = GpuReport(asked=True, there=True, checks=(GpuCheck(what=AVAILABLE, before="True"),))
    none = Said(tmp_path, answers(gpu=False, torch=[False, 0, "12.1", ""]))
    after, lines = again(none, TORCH, before)  # type: ignore[arg-type]
    assert (after.there, lines) == (False, [])


@pytest.mark.parametrize(
    ("answer", "code", "why"),
    [
        (b"[", 0, "its answer cannot be read"),
        (b"[" * 5000, 0, "its answer cannot be read"),
        (answers(torch=["\x1b[31m"] * 4), 0, "its answer cannot be read"),
        (answers(torch=["x" * 300] * 4), 0, "its answer cannot be read"),
        (answers(torch=[{"failed": "x", "more": 1}] * 4), 0, "its answer cannot be read"),
        (answers(torch=[True]), 0, "it is not what was asked"),
        (answers(other=[True]), 0, "it is not what was asked"),
        (answers(torch=[True] * 4), 9, "exit 9: no"),
        (answers(torch=[True] * 4), None, "it ran out of time"),
    ],
)
def test_what_is_no_answer_is_said(
    answer: object, code: int | None, why: str, tmp_path: Path
) -> None:
    told = ask(Said(tmp_path, answer, code), TORCH)  # type: ignore[arg-type]
    assert not told.there
    assert set(told.said) > {AVAILABLE, COUNT, CUDA}
    assert all(said.startswith(f"failed: {why}") for said in told.said.values()), told
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("there", "said", "can"),
    [
        (True, {}, True),
        (True, {CUDA: "12.1"}, True),
        (True, {AVAILABLE: "False", SESSION: BOTH}, True),
        (True, {AVAILABLE: "False"}, False),
        (True, {SESSION: CPU}, False),
        (False, {AVAILABLE: "True"}, False),
    ],
)
def test_whether_a_gpu_could_be_used(*, there: bool, said: dict[str, str], can: bool) -> None:
    checks = tuple(GpuCheck(what=what, before=before) for what, before in said.items())
    assert can_use(GpuReport(asked=True, there=there, checks=checks)) is can


def test_runs_of_other_days_count_for_the_agents_that_they_are_of() -> None:
    image = Image(name="app", agents=(AGENT,), gpu=True)
    none = GpuReport(asked=True, there=False)
    here, there = (
        Trace(agent="a", status=AgentStatus.OK, seconds=1.0, gpu=gpu) for gpu in (False, True)
    )
    other = msgspec.structs.replace(there, agent="b")
    assert not_exercised(image, [here], [], none)
    assert not not_exercised(image, [here], [there], none)
    assert not_exercised(image, [here, msgspec.structs.replace(here, agent="b")], [other], none)
    assert not not_exercised(msgspec.structs.replace(image, gpu=False), [here], [], None)
    unusable = GpuReport(asked=True, there=True, checks=(GpuCheck(what=AVAILABLE, before="False"),))
    assert not_exercised(image, [there], [], unusable)
