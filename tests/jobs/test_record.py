import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pruner.analysis.moved import Place
from pruner.errors import UsageError
from pruner.jobs import record
from pruner.jobs.record import Record, Run, read_records, write_runs
from pruner.model import AgentStatus, Loaded, Trace


def run(agent: str = "agent", *, seconds: float = 1, appended: bool = True) -> Run:
    loaded = (Loaded(kind="module", what="a", file="/s/a.py", by="/p/x.py:1"),)
    return Run(
        when=datetime(2026, 11, 24, 10, 2, tzinfo=UTC),
        runtime="local",
        python="3.11.7",
        place=Place(site_dirs=("/s",), root="/p"),
        pins={"a": "1"},
        appended=appended,
        trace=Trace(agent=agent, status=AgentStatus.OK, seconds=seconds, loaded=loaded),
    )


def seconds(folder: Path, agent: str = "agent") -> list[float]:
    return [row.trace.seconds for row in read_records(folder, [agent])[agent].runs]


def test_runs_add_up_or_begin_anew(tmp_path: Path) -> None:
    assert read_records(tmp_path, ["agent"]) == {}
    write_runs(tmp_path, {"agent": run(seconds=1)}, append=True)
    both = {"agent": run(seconds=2), "b": run("b")}
    assert write_runs(tmp_path, both, append=True) == read_records(tmp_path, ["agent", "b"])
    assert seconds(tmp_path) == [1, 2]
    assert seconds(tmp_path, "b") == [1]
    write_runs(tmp_path, {"agent": run(seconds=3)}, append=False)
    assert seconds(tmp_path) == [3]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        ".lock", "agent.json", "b.json",
    ]  # fmt: skip


def test_a_record_adds_up_where_a_run_was_appended() -> None:
    plain, more = run(appended=False), run(appended=True)
    for runs, expected in (((plain,), False), ((plain, more), True), ((more, plain), True)):
        assert Record(format="pruner-runs", version=1, runs=runs).adds_up == expected


def test_many_at_once_lose_no_run(tmp_path: Path) -> None:
    def add(number: int) -> None:
        write_runs(tmp_path, {"agent": run(seconds=number)}, append=True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert sorted(seconds(tmp_path)) == list(range(40))


GOOD = msgspec.json.encode(Record(format="pruner-runs", version=1, runs=(run(),)))
BROKEN = {
    "empty": (b"", "is no record of pruner's: "),
    "torn": (GOOD[:-20], "is no record of pruner's: "),
    "no JSON": (b"\x80\xff", "is no record of pruner's: "),
    "deep": (b'{"format":' * 100_000, "is no record of pruner's: "),
    "a list": (b"[]", "is no record of pruner's: Expected `object`, got `array`"),
    "a version": (
        GOOD.replace(b'"version":1', b'"version":2'),
        "is pruner-runs version 2, and this pruner reads pruner-runs version 1",
    ),
    "a format": (
        GOOD.replace(b"pruner-runs", b"runs\\n"),
        "is runs? version 1, and this pruner reads pruner-runs version 1",
    ),
    "a field": (GOOD.replace(b'"pins"', b'"p\\u001bns"'), "contains unknown field `p?ns`"),
    "no zone": (GOOD.replace(b"10:02:00Z", b"10:02:00"), "$.runs[0].when"),
    "an agent": (GOOD.replace(b'"agent":"agent"', b'"agent":"b"'), "holds a run of b"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_record_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    data, error = BROKEN[name]
    refused(tmp_path, lambda path: path.write_bytes(data), error)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "1", lambda path: path.mkdir(), "cannot be read: Is a directory")
    refused(tmp_path / "2", os.mkfifo, "is not a regular file")
    refused(tmp_path / "3", lambda path: path.symlink_to("/dev/zero"), "cannot be read: ")


def test_the_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_RUNS", 2)
    for _ in range(2):
        write_runs(tmp_path / "app", {"agent": run()}, append=True)
    with pytest.raises(UsageError, match="agent is full: 2 runs, or 128 MiB, are the") as caught:
        write_runs(tmp_path / "app", {"agent": run()}, append=True)
    assert caught.value.hint == "`pruner trace app` begins the record anew"
    assert len(seconds(tmp_path / "app")) == 2
    monkeypatch.setattr(record, "MAX_RUNS", 1)
    with pytest.raises(UsageError, match="has 2 runs, and 1 are the most"):
        seconds(tmp_path / "app")
    monkeypatch.setattr(record, "MAX_BYTES", 100)
    with pytest.raises(UsageError, match="the most that is read"):
        seconds(tmp_path / "app")


def test_what_no_report_can_show_is_left_out(tmp_path: Path) -> None:
    write_runs(tmp_path, {"agent": run()}, append=True)
    path = tmp_path / "runs/agent.json"
    path.write_bytes(path.read_bytes().replace(b"/p/x.py:1", b"/p/\\nx.py:1"))
    assert read_records(tmp_path, ["agent"])["agent"].runs[0].trace.loaded == ()


def refused(folder: Path, make: Callable[[Path], object], error: str) -> None:
    path = folder / ".pruner/app/runs/agent.json"
    path.parent.mkdir(parents=True)
    make(path)
    image = folder / ".pruner/app"
    ways: list[Callable[[], object]] = [
        lambda: read_records(image, ["agent"]),
        lambda: write_runs(image, {"agent": run()}, append=True),
    ]
    for way in ways:
        with pytest.raises(UsageError) as caught:
            way()
        assert caught.value.message.startswith(".pruner/app/runs/agent.json: ")
        assert error in caught.value.message
        assert caught.value.message.isprintable()
        assert caught.value.hint == "`pruner trace app` begins the record anew"
