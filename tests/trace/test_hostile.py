"""What an agent can do to its own event folder: it ends in events or in one error, bounded."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.errors import OutsideError
from pruner.trace import events, rows
from pruner.trace.events import Events, read_events

NAME = "7-00000000.events"
HEADER: dict[str, Any] = {
    "format": rows.FORMAT, "version": rows.VERSION, "pid": 7, "ppid": 1, "python": "3.11.7",
    "implementation": "cpython", "executable": "/usr/bin/python", "prefix": "/usr",
    "argv": ["python", "run.py"], "started": 1.5, "inherits": None,
}  # fmt: skip
MEMORY_MIB = 150
READ = """\
import sys
from pathlib import Path
from pruner.errors import OutsideError
from pruner.trace.events import read_events
try:
    print(len(read_events(Path(sys.argv[1])).loaded))
except OutsideError as error:
    print(error)
print(next(row for row in open("/proc/self/status") if row.startswith("VmHWM")).split()[1])
"""


def line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def start(folder: Path, pid: int = 7, **changed: object) -> Path:
    """Write an event file that holds a header; return its path."""
    path = folder / f"{pid}-00000000.events"
    path.write_bytes(line(HEADER | {"pid": pid} | changed))
    return path


def refused(folder: Path) -> str:
    with pytest.raises(OutsideError) as caught:
        read_events(folder)
    assert caught.value.message.isprintable()
    return caught.value.message


def said_within_bounds(folder: Path) -> str:
    """Read a folder in a process of its own, which may not need more memory than is promised."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], check=True, capture_output=True, text=True
    )
    *said, kilobytes = done.stdout.splitlines()
    assert int(kilobytes) < MEMORY_MIB << 10
    return "\n".join(said)


# --- too much --------------------------------------------------------------------------------

Lines = Callable[[int], bytes]
LONG = "a" * 4000
WIDE = "\U0001f600" * 1000

TOO_MUCH: dict[str, tuple[int, Lines, str]] = {
    "modules": (1_000_000, lambda at: b'["module","m%d","/%d.py",null]\n' % (at, at), "DISTINCT"),
    "names": (1_000_000, lambda at: b'["module","m%d",null,null]\n' % at, "DISTINCT"),
    "lookups": (1_000_000, lambda at: b'["attempt","m%d",null]\n' % at, "DISTINCT"),
    "long": (20_000, lambda at: line(["open", f"/{at}{LONG}", None]), "KEPT_BYTES"),
    "wide": (20_000, lambda at: line(["attempt", f"{at}{WIDE}", None]), "KEPT_BYTES"),
    "askers": (20_000, lambda at: line(["attempt", f"a{at}", f"{at}{LONG}"]), "KEPT_BYTES"),
}


@pytest.mark.parametrize("kind", TOO_MUCH)
def test_too_many_and_too_long(tmp_path: Path, kind: str) -> None:
    count, make, bound = TOO_MUCH[kind]
    with start(tmp_path).open("ab") as file:
        file.writelines(map(make, range(count)))
    assert f"(MAX_{bound})" in said_within_bounds(tmp_path)


def test_askers_that_come_later_are_bounded_too(tmp_path: Path) -> None:
    with start(tmp_path).open("ab") as file:
        file.writelines(line(["attempt", f"a{at}", None]) for at in range(20_000))
        file.writelines(line(["attempt", f"a{at}", f"{at}{LONG}"]) for at in range(20_000))
    assert "(MAX_KEPT_BYTES)" in said_within_bounds(tmp_path)


def test_lines_that_say_nothing_new_are_forgotten(tmp_path: Path) -> None:
    with start(tmp_path).open("ab") as file:
        file.writelines(b'["module","a","/a.py","%d"]\n' % at for at in range(1_000_000))
    assert said_within_bounds(tmp_path) == "1"


def test_processes_that_say_much_of_themselves(tmp_path: Path) -> None:
    for pid in range(1, 2_000):
        start(tmp_path, pid, argv=["\U0001f600" * 400] * 19 + ["a", "b"] * 500)
    assert "(MAX_KEPT_BYTES)" in said_within_bounds(tmp_path)


def test_arguments_beyond_the_bound_are_left_out(tmp_path: Path) -> None:
    start(tmp_path, argv=[f"{at}" for at in range(1000)])
    (process,) = read_events(tmp_path).processes
    assert process.argv == tuple(f"{at}" for at in range(events.MAX_ARGS))


@pytest.mark.parametrize("after", ["", "header"])
def test_a_line_without_an_end(tmp_path: Path, after: str) -> None:
    """A hole costs no disk; it reads as a line of a gigabyte."""
    path = start(tmp_path) if after else tmp_path / NAME
    with path.open("ab") as file:
        file.truncate(1 << 40)
    assert "(MAX_LINE_BYTES)" in said_within_bounds(tmp_path)


def test_more_files_than_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_PROCESSES", 10)
    for at in range(1, 22):
        (tmp_path / f"{at}.1.off").touch()
    assert "more than 10 processes (MAX_PROCESSES)" in refused(tmp_path)


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode: Callable[[bytes], rows.Event] = rows.decode_event
    path = start(tmp_path)
    written = 0

    def grow(data: bytes) -> rows.Event:
        nonlocal written
        with path.open("ab") as file:
            file.writelines(b'["attempt","a","%d"]\n' % (written + at) for at in range(2))
        written += 2
        return decode(data)

    with path.open("ab") as file:
        file.write(line(["attempt", "a", None]))
    monkeypatch.setattr(rows, "decode_event", grow)
    monkeypatch.setattr(events, "MAX_FILE_BYTES", 1 << 19)
    assert "more than 524288 bytes (MAX_FILE_BYTES)" in refused(tmp_path)


# --- what is no file -------------------------------------------------------------------------


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


OTHERS: dict[str, Callable[[Path], object]] = {
    "link": lambda path: path.symlink_to(path.parent.parent / "secret"),
    "dangling": lambda path: path.symlink_to(path.parent / "nothing"),
    "itself": lambda path: path.symlink_to(path),
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "socket": bind,
}


@pytest.mark.parametrize("swapped", [False, True], ids=["listed", "swapped"])
@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, swapped: bool
) -> None:
    """Also where it takes the place of a file after that was looked at."""
    (tmp_path / "secret").write_bytes(line(HEADER) + line(["attempt", "secret", None]))
    (tmp_path / "out").mkdir()
    OTHERS[kind](tmp_path / "out" / NAME)
    if swapped:
        monkeypatch.setattr(events._Reader, "listed", lambda *_: [NAME])  # noqa: SLF001
    assert "secret" not in refused(tmp_path / "out")


# --- numbers and texts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        b"NaN", b"Infinity", b"1e999999", b"-0", b"1" * 100_000, b"null", b"true", b'"', b"\x00",
        b"[" * 60_000, b'{"a":' * 30_000, b'["attempt",NaN,null]', b'["attempt","\\ud800",null]',
        b'["attempt","a",1e400]', b'["attempt","a",null', b'["attempt","\\udfff\\ud800",null]',
        b'["\\u0061ttempt","a",null] []', b"\xef\xbb\xbf[]", b'["attempt","a",null]\r["full"]',
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", [1, 2])
def test_a_line_that_is_no_event(tmp_path: Path, bad: bytes, at: int) -> None:
    lines = [line(HEADER), line(["attempt", "a", None]), line(["attempt", "b", None])]
    lines[at - 1] = bad + b"\n"
    (tmp_path / NAME).write_bytes(b"".join(lines))
    assert re.search(f"{NAME}: line {at} is (no event|not the header)", refused(tmp_path))


@pytest.mark.parametrize(
    "changed",
    [
        {"pid": 10**30}, {"pid": 7.5}, {"ppid": -1}, {"ppid": 1 << 32}, {"started": -1},
        {"argv": "python"}, {"argv": [1]}, {"inherits": "../../etc/passwd"}, {"inherits": 1},
        {"prefix": "a" * 6000}, {"python": None},
    ],
)  # fmt: skip
def test_a_header_that_lies(tmp_path: Path, changed: dict[str, object]) -> None:
    start(tmp_path)
    text = (tmp_path / NAME).read_text()
    for key, value in changed.items():
        was, now = (f'"{key}":{Json.encode(one)}' for one in (HEADER[key], value))
        assert was in text
        (tmp_path / NAME).write_text(text.replace(was, now))
    assert NAME in refused(tmp_path)


class Json:
    """Integers of any size, which msgspec does not write."""

    @staticmethod
    def encode(value: object) -> str:
        return str(value) if type(value) is int else msgspec.json.encode(value).decode()


# --- properties ------------------------------------------------------------------------------

VALID = [
    line(HEADER),
    line(["module", "a.b", "/s/a/b.py", "/app/run.py:3"]),
    line(["module", None, "/app/settings.py", None]),
    line(["extension", "a.c", "/s/a/c.so", "/s/a/b.py:1"]),
    line(["library", "/s/libs/libd.so.1"]),
    line(["open", "/s/a-1.dist-info/METADATA", "/app/run.py:6"]),
    line(["connect", "10.0.0.1:80", "/app/run.py:7"]),
    line(["attempt", "missing", "/s/ä/b.py:2"]),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
kinds = st.sampled_from(["module", "extension", "library", "attempt", "open", "spawn", "full"])
shaped = st.builds(lambda kind, rest: line([kind, *rest]), kinds, st.lists(json_values, max_size=4))
lines_of_any_kind = st.lists(st.sampled_from(VALID) | shaped | st.binary(max_size=30), max_size=12)
mutation = st.tuples(st.integers(0, 800), st.integers(0, 20), st.binary(max_size=8))


def outcome(data: bytes, name: str = NAME) -> Events | OutsideError:
    """Read a folder that holds one file; check all that must hold of what comes back."""
    with TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(data)
        try:
            found = read_events(Path(folder))
        except OutsideError as error:
            assert error.message.isprintable()  # noqa: PT017
            assert error.hint  # noqa: PT017
            return error
    for item in (*found.loaded, *found.opened_files):
        assert item.file[0] == "/"
        assert ".." not in item.file.split("/")
        assert not re.search("[\x00-\x1f\x7f-\x9f]", item.file + item.what + (item.by or ""))
    return found


@given(st.lists(mutation, min_size=1, max_size=5))
def test_any_mutation_of_a_valid_file(mutations: list[tuple[int, int, bytes]]) -> None:
    data = b"".join(VALID)
    for at, length, instead in mutations:
        data = data[:at] + instead + data[at + length :]
    outcome(data)


@given(lines_of_any_kind, st.booleans())
def test_any_lines_in_any_order(lines: list[bytes], headed: bool) -> None:  # noqa: FBT001
    outcome(line(HEADER) * headed + b"".join(lines))


@given(lines_of_any_kind, st.integers(1, 100))
def test_blocks_and_memory_change_nothing(lines: list[bytes], block: int) -> None:
    """However much is read at once, and whether lines are remembered: the same comes back."""
    data = line(HEADER) + b"".join(lines)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(events, "BLOCK_BYTES", block)
        changed.setattr(events, "MAX_SEEN_BYTES", 0)
        slow = outcome(data)
    fast = outcome(data)
    assert isinstance(slow, Events) == isinstance(fast, Events)
    if isinstance(slow, Events):
        assert slow == fast


@given(st.binary(min_size=1, max_size=40))
def test_any_name_of_a_file(name: bytes) -> None:
    if b"/" in name or b"\0" in name or name in {b".", b".."}:
        return
    result = outcome(line(HEADER), os.fsdecode(name))
    assert isinstance(result, OutsideError), "only the tracer's own names are read"
