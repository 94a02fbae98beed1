"""From the events of a run to its trace, with a sandbox that only pretends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from pruner.config import Agent, ExitReady
from pruner.errors import OutsideError
from pruner.model import Attempt, Host, Loaded, Program
from pruner.sandbox.base import Completed, Exit, Measure
from pruner.trace.run import run_agent

HEADER = {
    "format": "pruner-events",
    "version": 3,
    "pid": 7,
    "ppid": 1,
    "python": "3.11.7",
    "implementation": "cpython",
    "executable": "/venv/bin/python",
    "prefix": "/venv",
    "argv": [],
    "started": 1.5,
    "inherits": None,
}
AGENT = Agent(name="agent", ready=ExitReady(exit=0, timeout=5), module="app")


class Pretended:
    """An environment and its session: the agent has ended, and says nothing."""

    python = "python"
    tools = "/tools"

    def __init__(self, events: Path, owners: object) -> None:
        self.events = self.desk = events
        self.owners = owners
        self.asked: list[object] = []

    @contextmanager
    def start(self, agent: Agent, measure: Measure | None = None) -> Iterator["Pretended"]:
        assert measure is None
        assert agent is AGENT
        yield self

    def run(
        self, argv: Sequence[str], *, timeout: float, traced: bool = False, gpu: bool = False
    ) -> Completed:
        assert timeout > 0
        assert not traced
        assert not gpu
        self.asked.append(msgspec.json.decode(argv[-1]))
        return Completed(
            argv=tuple(argv), code=0, stdout=msgspec.json.encode(self.owners), stderr=b""
        )

    def ended(self) -> Exit:
        return Exit(code=0)

    def log(self) -> str:
        return ""

    def stop(self, *, politely: bool) -> Exit:
        assert politely
        return self.ended()

    @property
    def lines(self) -> Path:
        raise AssertionError


def pretend(folder: Path, *lines: object, owners: object = None) -> Pretended:
    data = b"".join(msgspec.json.encode(line) + b"\n" for line in (HEADER, *lines))
    (folder / "7-00000000.events").write_bytes(data)
    return Pretended(folder, owners)


def untold(_what: str, _limit: float | None) -> None:
    """Take what a run waits for, and do nothing with it."""


def test_who_watches_is_told_what_a_run_waits_for(tmp_path: Path) -> None:
    told: list[tuple[str, float | None]] = []
    run_agent(pretend(tmp_path), AGENT, lambda what, limit: told.append((what, limit)))
    assert told == [
        ("starting", None),
        ("waiting for its end", 5),
        ("reading what it loaded", None),
    ]


def test_what_was_used_is_in_the_trace(tmp_path: Path) -> None:
    place = pretend(
        tmp_path,
        ["open", "/s/a/model.bin", "/app.py:1"],
        ["spawn", "/usr/bin/ffmpeg", "/app.py:2"],
        ["spawn", "/usr/bin/odd", None],
        ["spawn", "/venv/bin/python", None],
        ["spawn", "missing", None],
        ["lookup", "Ruamel.YAML", "/app.py:4"],
        ["lookup", "ruamel_yaml", "/app.py:4"],
        ["lookup", "idna\n", "/app.py:4"],
        ["connect", "[::1]:80", "/app.py:3"],
        ["connect", "h:" + "9" * 4000, None],
        ["resolve", "example.org", None],
        ["resolve", "\n", None],
        owners={"/usr/bin/ffmpeg": "ffmpeg", "/usr/bin/odd": "No\nPackage", "/else": "x"},
    )
    trace = run_agent(place, AGENT, untold)
    assert trace.opened == (
        Loaded(kind="data", what="model.bin", file="/s/a/model.bin", by="/app.py:1"),
    )
    assert trace.programs == (
        Program(what="/usr/bin/ffmpeg", by="/app.py:2", package="ffmpeg"),
        Program(what="/usr/bin/odd"),
        Program(what="/venv/bin/python"),
        Program(what="missing"),
    )
    assert trace.hosts == (
        Host(name="::1", port=80, by="/app.py:3"),
        Host(name="h"),
        Host(name="example.org"),
    )
    assert trace.lookups == (Attempt(module="ruamel-yaml", by="/app.py:4"),)
    assert trace.dropped == 2
    assert place.asked == [{"owners": ["/usr/bin/ffmpeg", "/usr/bin/odd"]}]


def test_an_agent_that_starts_interpreters_only_asks_for_no_package(tmp_path: Path) -> None:
    place = pretend(tmp_path, ["spawn", "/venv/bin/python", None])
    assert run_agent(place, AGENT, untold).programs == (Program(what="/venv/bin/python"),)
    assert place.asked == []


def test_owners_that_are_none_are_an_error(tmp_path: Path) -> None:
    place = pretend(tmp_path, ["spawn", "/usr/bin/ffmpeg", None], owners=[1])
    with pytest.raises(OutsideError, match="no valid answer"):
        run_agent(place, AGENT, untold)


@pytest.mark.parametrize(
    ("file", "there"),
    [
        ("/usr/lib/x86_64-linux-gnu/libcuda.so.535.54", True),
        ("/usr/local/cuda/lib64/stubs/libcuda.so.1", False),
        ("/site/nvidia/cuda_runtime/lib/libcudart.so.12", False),
    ],
)
def test_a_gpu_is_there_where_the_library_of_its_driver_was_mapped(
    file: str, *, there: bool, tmp_path: Path
) -> None:
    assert run_agent(pretend(tmp_path, ["library", file]), AGENT, untold).gpu is there
