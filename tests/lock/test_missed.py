import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.errors import OutsideError, UsageError
from pruner.lock.missed import MAX_BYTES, read_missed

LINE: dict[str, Any] = {
    "format": "pruner-missed",
    "version": 1,
    "time": "2026-11-24T08:09:24Z",
    "image": "web",
    "kind": "import",
    "module": "pandas",
    "left_out": {"pandas": "2.2.2"},
    "by": "/app/main.py:3",
    "pid": 7,
}


def written(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "missed.jsonl"
    path.write_text("\n".join([*lines, ""]).removesuffix("\n") + end)
    return path


def test_whole_lines_are_read_and_one_that_was_cut_off_is_not(tmp_path: Path) -> None:
    line = json.dumps(LINE)
    path = written(tmp_path, line, json.dumps(LINE | {"by": None}), line[:40], end="")
    assert [item.by for item in read_missed(path)] == ["/app/main.py:3", None]
    assert read_missed(written(tmp_path, end="")) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "pruner-events"},
        {"version": 2},
        {"kind": "rumour"},
        {"by": "\x1b[31m/app"},
        {"left_out": {"a\u202eb": "1"}},
        {"module": "x" * 6000},
        {"more": 1},
        {"pid": "7"},
    ],
)
def test_a_line_that_is_not_the_guards_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    path = written(tmp_path, json.dumps(LINE), json.dumps(LINE | change))
    with pytest.raises(OutsideError, match=r"missed\.jsonl:2: not a line of the guard's") as caught:
        read_missed(path)
    assert "\x1b" not in caught.value.message


def test_what_is_too_large_or_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("large", "larger than"), ("pipe", "not a regular"), ("", "not a regular")):
        with pytest.raises(OutsideError, match=why):
            read_missed(tmp_path / name)


def test_a_file_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_missed(tmp_path / "missed.jsonl")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-missed"
    path.write_bytes(data)
    try:
        assert read_missed(path) == ()
    except OutsideError:
        assert b"\n" in data
