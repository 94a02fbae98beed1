"""The collector as a sandbox runs it, and the reader of what it wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.errors import OutsideError
from pruner.static.installed import FILE_BYTES, TOTAL_BYTES, read_collected

COLLECT = Path(__file__).resolve().parents[2] / "tracers" / "collect.py"


def collected(folder: Path, *paths: Path) -> dict[str, bytes | str]:
    asked, answer = folder / "asked.json", folder / "answer"
    asked.write_text(json.dumps([str(path) for path in paths]))
    subprocess.run([sys.executable, "-I", COLLECT, asked, answer], check=True, timeout=60)
    return read_collected(answer, map(str, paths))


def test_what_was_read_is_what_the_files_hold(tmp_path: Path) -> None:
    plain, empty, odd = tmp_path / "a.py", tmp_path / "b.py", tmp_path / "ü\n.py"
    plain.write_bytes(b'{"path": "/etc/passwd", "size": 1}\n\xff\0')
    empty.write_bytes(b"")
    odd.write_bytes(b"import x\n")
    assert collected(tmp_path, plain, empty, odd) == {
        str(plain): plain.read_bytes(),
        str(empty): b"",
        str(odd): b"import x\n",
    }


def test_what_cannot_be_read_says_why_and_stops_nothing(tmp_path: Path) -> None:
    pipe, big, good = tmp_path / "pipe", tmp_path / "big.py", tmp_path / "good.py"
    os.mkfifo(pipe)
    with big.open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    good.write_bytes(b"1")
    missing = tmp_path / "missing.py"
    assert collected(tmp_path, pipe, big, missing, tmp_path, good) == {
        str(pipe): "not a regular file",
        str(big): f"larger than {FILE_BYTES} bytes",
        str(missing): "No such file or directory",
        str(tmp_path): "Is a directory",
        str(good): b"1",
    }


def test_all_files_together_have_a_bound(tmp_path: Path) -> None:
    many = [tmp_path / f"{n}.py" for n in range(TOTAL_BYTES // FILE_BYTES + 1)]
    for path in many:
        with path.open("wb") as file:
            file.truncate(FILE_BYTES)
    found = collected(tmp_path, *many)
    assert found[str(many[-1])] == f"beyond {TOTAL_BYTES} bytes in all"
    assert all(isinstance(found[str(path)], bytes) for path in many[:-1])


BROKEN = {
    "not JSON": b"hello\n",
    "not asked for": b'{"path": "/b", "size": 0}\n',
    "twice": b'{"path": "/a", "size": 0}\n{"path": "/a", "size": 0}\n',
    "cut off in the header": b'{"path": "/a", "size": 0}',
    "cut off in the content": b'{"path": "/a", "size": 3}\nab',
    "neither": b'{"path": "/a"}\n',
    "both": b'{"path": "/a", "size": 0, "error": "x"}\n',
    "more": b'{"path": "/a", "size": 0, "mode": 7}\n',
    "too large": b'{"path": "/a", "size": 99999999999}\n',
    "negative": b'{"path": "/a", "size": -1}\n',
    "no end of the line": b'{"path": "/a", "error": "' + b"x" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_is_not_ours_is_refused(tmp_path: Path, name: str) -> None:
    answer = tmp_path / "answer"
    answer.write_bytes(BROKEN[name])
    with pytest.raises(OutsideError, match="collected"):
        read_collected(answer, ["/a"])


def test_an_answer_that_is_a_link_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    for name in ("link", "missing"):
        with pytest.raises(OutsideError):
            read_collected(tmp_path / name, [])


def test_an_error_is_shown_without_control_characters(tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    answer.write_text(json.dumps({"path": "/a", "error": "\x1b[31mred"}) + "\n")
    assert read_collected(answer, ["/a"]) == {"/a": "[31mred"}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    answer = tmp_path_factory.getbasetemp() / "any-answer"
    answer.write_bytes(data)
    try:
        found = read_collected(answer, ["/a"])
    except OutsideError:
        return
    assert set(found) <= {"/a"}
