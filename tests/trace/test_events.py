"""The reader of event files: what is valid comes back, and nothing else comes through."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.errors import OutsideError
from pruner.model import Attempt, Loaded
from pruner.trace import events, rows
from pruner.trace.events import Events, Named, Process, read_events

NAME = "7-00000000.events"
HEADER: dict[str, Any] = {
    "format": "pruner-events",
    "version": 3,
    "pid": 7,
    "ppid": 1,
    "python": "3.11.7",
    "implementation": "cpython",
    "executable": "/usr/bin/python",
    "prefix": "/usr",
    "argv": ["python", "run.py"],
    "started": 1.5,
    "inherits": None,
}


def line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def write(folder: Path, *lines: object, name: str = NAME, **header: object) -> Path:
    """Write an event file; bytes as they are, and everything else as a line of JSON."""
    first = HEADER | {"pid": int(name.partition("-")[0])} | header
    parts = [part if isinstance(part, bytes) else line(part) for part in (first, *lines)]
    (folder / name).write_bytes(b"".join(parts))
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(OutsideError) as caught:
        read_events(folder)
    assert caught.value.hint
    return caught.value.message


# --- what is valid ---------------------------------------------------------------------------


def test_every_kind(tmp_path: Path) -> None:
    write(
        tmp_path,
        ["module", "a.b", "/s/a/b.py", "/app/run.py:3"],
        ["module", None, "/app/settings.py", None],
        ["module", "built_in", None, None],
        ["extension", "a.c", "/s/a/c.so", "/s/a/b.py:1"],
        ["library", "/s/libs/libd.so.1"],
        ["dlopen", "libd.so.1", "/s/a/b.py:9"],
        ["spawn", "ffmpeg", None],
        ["spawn", "/venv/bin/tool", "/app/run.py:5"],
        ["open", "/s/a/model.bin", "/s/a/b.py:4"],
        ["open", "/s/a/model.bin", "/app/run.py:9"],
        ["open", "/s/a-1.dist-info/METADATA", "/app/run.py:6"],
        ["open", "/s/a-1.dist-info/METADATA", "/app/run.py:5"],
        ["open", "/s/c.egg-info/PKG-INFO", None],
        ["lookup", "Idna", "/app/run.py:8"],
        ["lookup", "Idna", "/app/run.py:2"],
        ["lookup", "Idna", "/app/run.py:8"],
        ["lookup", "anyio", None],
        ["connect", "10.0.0.1:80", "/app/run.py:7"],
        ["connect", "[::1]:80", None],
        ["resolve", "example.org", None],
        ["attempt", "missing", "/s/a/b.py:2"],
        ["attempt", "a", None],
        ["attempt", "built_in", None],
    )
    assert read_events(tmp_path) == Events(
        processes=(
            Process(
                pid=7,
                ppid=1,
                python="3.11.7",
                executable="/usr/bin/python",
                argv=("python", "run.py"),
                implementation="cpython",
                prefix="/usr",
                started=1.5,
                inherits=None,
            ),
        ),
        loaded=(
            Loaded(kind="extension", what="a.c", file="/s/a/c.so", by="/s/a/b.py:1"),
            Loaded(kind="library", what="libd.so.1", file="/s/libs/libd.so.1", by="/s/a/b.py:9"),
            Loaded(kind="module", what="a.b", file="/s/a/b.py", by="/app/run.py:3"),
            Loaded(kind="module", what="settings.py", file="/app/settings.py"),
        ),
        attempts=(
            Attempt(module="a"),
            Attempt(module="built_in"),
            Attempt(module="missing", by="/s/a/b.py:2", failed=True),
        ),
        opened=(Named(what="libd.so.1", by="/s/a/b.py:9"),),
        spawned=(
            Named(what="/venv/bin/tool", by="/app/run.py:5"),
            Named(what="ffmpeg"),
        ),
        opened_files=(
            opened("metadata", "/s/a-1.dist-info/METADATA", "/app/run.py:5"),
            opened("metadata", "/s/a-1.dist-info/METADATA", "/app/run.py:6"),
            opened("data", "/s/a/model.bin", "/app/run.py:9"),
            opened("metadata", "/s/c.egg-info/PKG-INFO", None),
        ),
        lookups=(
            Named(what="Idna", by="/app/run.py:2"),
            Named(what="Idna", by="/app/run.py:8"),
            Named(what="anyio"),
        ),
        connections=(Named(what="10.0.0.1:80", by="/app/run.py:7"), Named(what="[::1]:80")),
        resolved=(Named(what="example.org"),),
    )


def opened(kind: str, file: str, by: str | None) -> Loaded:
    return Loaded(kind=kind, what=file.rpartition("/")[2], file=file, by=by)


def test_an_empty_folder_and_markers(tmp_path: Path) -> None:
    (tmp_path / "12.3456.off").touch()
    assert read_events(tmp_path) == Events()


def test_processes_are_joined_and_the_first_by_stays(tmp_path: Path) -> None:
    write(tmp_path, ["module", "a", "/a.py", None], ["attempt", "b", None])
    child = ["module", "a", "/a.py", "/x.py:1"], ["module", "b", "/b.py", None]
    write(tmp_path, *child, name="8-00000000.events", inherits=NAME)
    write(tmp_path, ["module", "a", "/a.py", "/y.py:1"], name="10-00000000.events")
    found = read_events(tmp_path)
    assert [process.pid for process in found.processes] == [7, 8, 10]
    assert [(item.what, item.by) for item in found.loaded] == [("a", "/x.py:1"), ("b", None)]
    assert found.attempts == (Attempt(module="b"),)


def test_one_name_from_two_files_is_two(tmp_path: Path) -> None:
    write(tmp_path, ["module", "a", "/1/a.py", None], ["module", "a", "/2/a.py", None])
    assert [item.file for item in read_events(tmp_path).loaded] == ["/1/a.py", "/2/a.py"]


# --- what is torn ----------------------------------------------------------------------------


def test_a_file_of_no_bytes_is_torn(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert read_events(tmp_path) == Events(torn=(NAME,))


@pytest.mark.parametrize("end", [b'["module","b', b'["attempt","b",null]', b"\xff"])
def test_a_torn_last_line_is_left_out_and_named(tmp_path: Path, end: bytes) -> None:
    found = read_events(write(tmp_path, ["module", "a", "/a.py", None], end))
    assert [item.what for item in found.loaded] == ["a"]
    assert (found.torn, found.attempts) == ((NAME,), ())


def test_a_full_file_is_torn_and_nothing_may_follow(tmp_path: Path) -> None:
    assert read_events(write(tmp_path, ["full"])).torn == (NAME,)
    write(tmp_path, ["full"], ["attempt", "a", None])
    assert "line 3 comes after the last" in refused(tmp_path)


# --- what is dropped -------------------------------------------------------------------------

UNFIT_PATHS = ["relative.py", "", "/a/../b.py", "/a/..", "/a\x00.py", "/a\n.py", "/\x1b[31m.py"]


@pytest.mark.parametrize("path", [*UNFIT_PATHS, "/\x9b1m.py", "/\u202e.py", "/\ufffd.py"])
def test_a_path_that_no_file_has_is_dropped_and_counted(tmp_path: Path, path: str) -> None:
    write(
        tmp_path,
        ["module", "a", path, None],
        ["extension", "a", path, None],
        ["library", path],
        ["open", path, None],
        ["module", "b", "/b..py", None],
    )
    found = read_events(tmp_path)
    assert [item.what for item in found.loaded] == ["b"]
    assert found.opened_files == ()
    assert found.dropped == 4


@pytest.mark.parametrize("name", ["", "a\nb", "a\x00", "\u2028"])
def test_a_name_that_cannot_be_shown_is_dropped_and_counted(tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        ["module", name, "/a.py", None],
        ["attempt", name, None],
        ["dlopen", name, None],
        ["spawn", name, None],
        ["connect", name, None],
        ["resolve", name, None],
        ["open", "/d", name],
        ["module", "b", "/b.py", name],
    )
    found = read_events(tmp_path)
    assert found.loaded == (Loaded(kind="module", what="b", file="/b.py"),)
    assert (found.attempts, found.opened, found.spawned) == ((), (), ())
    assert (found.connections, found.resolved) == ((), ())
    if name:
        assert found.opened_files == (opened("data", "/d", None),)
    assert found.dropped == 8


def test_a_header_is_made_safe_to_print(tmp_path: Path) -> None:
    (process,) = read_events(write(tmp_path, executable="/\x1b[31m", argv=["\n"])).processes
    assert (process.executable, process.argv) == ("/\ufffd[31m", ("\ufffd",))


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b'["unknown","a"]\n',
        b'["module","a","/a.py"]\n',
        b'["module","a","/a.py",null,null]\n',
        b'["module",1,"/a.py",null]\n',
        b'["extension",null,"/a.so",null]\n',
        b'["open",null,null]\n',
        b'["connect","a",80,null]\n',
        b'["resolve","a"]\n',
        b'["module","\xff","/a.py",null]\n',
        b'["module","\\ud800","/a.py",null]\n',
        b'["module","a","/a.py",null] x\n',
        b"[" * 5000 + b"\n",
        line(["attempt", "a" * (rows.MAX_TEXT_CHARS + 1), None]),
        line(HEADER),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, bad: bytes) -> None:
    write(tmp_path, ["attempt", "a", None], bad, ["attempt", "b", None])
    message = refused(tmp_path)
    assert f"{tmp_path / NAME}: line 3 is no event" in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            {"version": 1},
            "version 1, which pruner 0.1.0 before its release wrote; this pruner reads",
        ),
        ({"version": 2}, "version 2, which pruner 0.1.0 before its release wrote; this pruner"),
        ({"version": 4}, "line 1 says pruner-events version 4; this pruner reads pruner-events"),
        ({"format": "\x1b[2J", "version": 1}, "line 1 says \ufffd[2J version 1; this"),
        ({"version": 10**400}, "line 1 is not the header"),
        ({"version": "1"}, "line 1 is not the header"),
        ({"pid": -1}, "line 1 is not the header"),
        ({"pid": 8}, "line 1 says process 8"),
        ({"started": "now"}, "line 1 is not the header"),
        ({"more": 1}, "line 1 is not the header"),
        ({"inherits": "6-00000000.events"}, "goes on from '6-00000000.events', which is not there"),
    ],
)
def test_a_header_that_is_not_ours(
    tmp_path: Path, header: dict[str, object], expected: str
) -> None:
    (tmp_path / NAME).write_bytes(b"".join([encoded(HEADER | header), line(["library", "/a"])]))
    assert expected in refused(tmp_path)


def encoded(header: dict[str, object]) -> bytes:
    """Encode a header, numbers of any size included."""
    version = header["version"]
    if isinstance(version, int):
        return line(header | {"version": 0}).replace(b'"version":0', b'"version":%d' % version)
    return line(header)


@pytest.mark.parametrize(
    "name", ["x", "7.events", "07-00000000.events", "7-0000000G.events", "7.off", "7-0.events.tmp"]
)
def test_an_unknown_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert f"{name!a} is no event file" in refused(tmp_path)


def test_a_name_with_an_escape_is_named_safely(tmp_path: Path) -> None:
    (tmp_path / "\x1b[31m").touch()
    assert refused(tmp_path).isprintable()


def test_links_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    elsewhere = write(tmp_path) / NAME
    for make in (
        lambda path: path.symlink_to(elsewhere),
        lambda path: path.mkdir(),
        os.mkfifo,
    ):
        path = folder / NAME
        make(path)
        assert "is not a regular file" in refused(folder)
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OutsideError, match="cannot read the events"):
        read_events(tmp_path / "link")
    with pytest.raises(OutsideError, match="cannot read the events"):
        read_events(tmp_path / "missing")


@pytest.mark.parametrize(
    ("bound", "value"),
    [
        ("MAX_PROCESSES", 1),
        ("MAX_FILE_BYTES", 300),
        ("MAX_TOTAL_BYTES", 500),
        ("MAX_LINE_BYTES", 250),
        ("MAX_DISTINCT", 1),
    ],
)
def test_every_bound_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    for pid in (7, 8):
        lines = [["module", f"m{pid}{at}", f"/{at}.py", "/" + "b" * 30] for at in range(3)]
        if bound == "MAX_LINE_BYTES":
            lines.append(["module", "long", "/" + "l" * 250, "/"])
        write(tmp_path, *lines, name=f"{pid}-00000000.events")
    read_events(tmp_path)
    monkeypatch.setattr(events, bound, value)
    message = refused(tmp_path)
    assert bound in message
    assert str(value) in message


@pytest.mark.parametrize(
    "kind", ["attempt", "dlopen", "spawn", "open", "lookup", "connect", "resolve"]
)
def test_names_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(events, "MAX_DISTINCT", 1)
    assert "MAX_DISTINCT" in refused(write(tmp_path, [kind, "/a", None], [kind, "/b", None]))


# --- properties ------------------------------------------------------------------------------

plain = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
names = st.lists(plain, min_size=1, max_size=3).map(".".join)
paths = names.map("/".__add__)
by = st.none() | st.builds("{}:{}".format, paths, st.integers(0, 9999))
event = st.one_of(
    st.tuples(st.just("module"), names, paths, by),
    st.tuples(st.just("extension"), names, paths, by),
    st.tuples(st.just("library"), paths),
    st.tuples(st.just("attempt"), names, by),
    st.tuples(st.just("dlopen"), names, by),
    st.tuples(st.just("spawn"), names, by),
    st.tuples(st.just("open"), paths, by),
    st.tuples(st.just("open"), names.map("/s/a.dist-info/".__add__), by),
    st.tuples(st.just("lookup"), names, by),
    st.tuples(st.just("connect"), names, by),
    st.tuples(st.just("resolve"), names, by),
)


def read_bytes(data: bytes) -> Events:
    with TemporaryDirectory() as folder:
        (Path(folder) / NAME).write_bytes(data)
        return read_events(Path(folder))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", line(HEADER), line(HEADER) + b'["module",'):
        try:
            found = read_bytes(start + data)
        except OutsideError as error:
            assert error.message.isprintable()  # noqa: PT017
        else:
            assert len(found.processes) <= 1


@given(st.lists(event, max_size=20))
def test_what_is_written_comes_back(given_events: list[tuple[str, ...]]) -> None:
    found = read_bytes(line(HEADER) + b"".join(map(line, given_events)))
    files = {row[2] for row in given_events if row[0] in {"module", "extension"}}
    files |= {row[1] for row in given_events if row[0] == "library"}
    assert {item.file for item in found.loaded} == files
    for kind, items in (
        ("attempt", [item.module for item in found.attempts]),
        ("dlopen", [item.what for item in found.opened]),
        ("spawn", [item.what for item in found.spawned]),
        ("connect", [item.what for item in found.connections]),
        ("resolve", [item.what for item in found.resolved]),
    ):
        assert items == sorted({row[1] for row in given_events if row[0] == kind})
    read = [(item.file, item.by) for item in found.opened_files if item.kind == "metadata"]
    assert read == sorted(
        {(row[1], row[2]) for row in given_events if row[0] == "open" and "-info/" in row[1]},
        key=lambda pair: (pair[0], pair[1] or ""),
    )
    assert [(item.what, item.by) for item in found.lookups] == sorted(
        {(row[1], row[2]) for row in given_events if row[0] == "lookup"},
        key=lambda pair: (pair[0], pair[1] or ""),
    )
    data_files = [item.file for item in found.opened_files if item.kind == "data"]
    assert data_files == sorted(
        {row[1] for row in given_events if row[0] == "open" and "-info/" not in row[1]}
    )
    assert (found.torn, found.dropped) == ((), 0)


@given(st.lists(event, max_size=8), st.data())
def test_any_truncation_is_a_prefix(
    given_events: list[tuple[str, ...]], data: st.DataObject
) -> None:
    lines = [line(HEADER), *map(line, given_events)]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    kept = whole[:cut]
    found = read_bytes(kept)
    torn = kept == b"" or not kept.endswith(b"\n")
    assert found.torn == ((NAME,) if torn else ())
    complete = kept[: kept.rfind(b"\n") + 1]
    if complete:
        prefix = read_bytes(complete)
        assert msgspec.structs.replace(found, torn=()) == prefix
    else:
        assert found == Events(torn=(NAME,))
