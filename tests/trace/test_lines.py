import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pruner.errors import OutsideError
from pruner.trace import lines
from pruner.trace.lines import Lines, read_lines

GOOD = {"format": "pruner-lines", "version": 1, "why": "", "files": {"/app/a.py": [1, 2]}}


def write(folder: Path, name: str = "7-00000000.lines", **fields: Any) -> None:  # noqa: ANN401
    (folder / name).write_bytes(msgspec.json.encode({**GOOD, **fields}))


def refused(folder: Path, why: str) -> None:
    with pytest.raises(OutsideError, match=why):
        read_lines(folder)


def test_processes_add_up(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "8-00000000.lines", files={"/app/a.py": [2, 5], "/app/b.py": []})
    write(tmp_path, "9-00000000.lines", why="no\x1b[31muse", files={})
    (tmp_path / "9-00000001.lines.part").write_text("{")
    assert read_lines(tmp_path) == Lines(
        ran={"/app/a.py": frozenset({1, 2, 5}), "/app/b.py": frozenset()},
        processes=2,
        failures=("no?[31muse",),
    )


def test_an_empty_folder_is_no_measurement(tmp_path: Path) -> None:
    assert read_lines(tmp_path) == Lines()
    refused(tmp_path / "gone", "cannot read the lines")


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "other"},
        {"version": 2},
        {"more": 1},
        {"why": "x" * 500},
        {"files": {"/app/a.py": ["1"]}},
        {"files": {"/app/a.py": [-1]}},
        {"files": {"/app/a.py": [10**9]}},
        {"files": {"/" + "x" * 5000: [1]}},
        {"files": []},
    ],
)
def test_what_is_not_ours_is_refused(fields: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path, **fields)
    refused(tmp_path, "not")


def test_names_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "x.lines")
    refused(tmp_path, "'x.lines' is no file of measured lines")


def test_links_pipes_and_folders_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "7-00000000.lines"
    path.symlink_to("/etc/passwd")
    refused(tmp_path, "cannot read")
    path.unlink()
    os.mkfifo(path)
    refused(tmp_path, "not a regular file")
    path.unlink()
    path.mkdir()
    refused(tmp_path, "not a regular file|cannot read")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("7-00000000.lines", "8-00000000.lines"):
        write(tmp_path, name)
    size = (tmp_path / name).stat().st_size
    monkeypatch.setattr(lines, "MAX_TOTAL_BYTES", 2 * size - 1)
    refused(tmp_path, "MAX_TOTAL_BYTES")
    monkeypatch.setattr(lines, "MAX_FILE_BYTES", size - 1)
    refused(tmp_path, "MAX_FILE_BYTES")
    monkeypatch.setattr(lines, "MAX_PROCESSES", 1)
    refused(tmp_path, "MAX_PROCESSES")


def test_lines_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "7-00000000.lines")
    most = sum(1 + len(ran) for ran in read_lines(tmp_path).ran.values())
    write(tmp_path, "8-00000000.lines")
    monkeypatch.setattr(lines, "MAX_LINES", most)
    read_lines(tmp_path)
    monkeypatch.setattr(lines, "MAX_LINES", most - 1)
    refused(tmp_path, "MAX_LINES")


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "7-00000000.lines").write_bytes(data)
    refused(tmp_path, "not what pruner measures")
