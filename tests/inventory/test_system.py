"""What the system offers: from files that are made here, and from a hostile answer."""

import json
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elves import AARCH64, X86_64, Elf
from pruner.analysis.linkage import Linkage
from pruner.analysis.system import Machine, System
from pruner.errors import OutsideError
from pruner.inventory.system import asked, parse
from support import interpreter

TOOL = Path(__file__).parents[2] / "tracers" / "loader.py"
HERE = {"x86_64": X86_64, "aarch64": AARCH64}.get(platform.machine(), 0)
OTHER = AARCH64 if HERE == X86_64 else X86_64
needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not HERE, reason="needs glibc on a machine known here"
)


def looked(
    tmp_path: Path,
    folders: Sequence[str] = (),
    search: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> System:
    order = tmp_path / "asked.json"
    order.write_text(json.dumps({"folders": list(folders), "search": list(search)}))
    argv = [python, "-I", "-S", "-W", "error", str(TOOL), str(order)]
    done = subprocess.run(
        argv, capture_output=True, check=True, env={**os.environ, **(env or {})}, timeout=60
    )
    return parse(done.stdout)


@needs_glibc
def test_this_system_is_read_as_it_is(tmp_path: Path) -> None:
    found = looked(tmp_path)
    assert found.known
    assert (found.libc, found.version) == platform.libc_ver()
    assert found.machine == Machine(number=HERE, bits=64)
    assert found.machine.word == platform.machine()
    assert Path(found.libraries["libc.so.6"]).is_file()
    assert not [name for name in found.libraries if name.endswith((".a", ".py"))]


@needs_glibc
def test_what_ldd_finds_is_offered(tmp_path: Path) -> None:
    ldd = shutil.which("ldd")
    if ldd is None:
        pytest.skip("needs ldd")
    system = looked(tmp_path).libraries
    text = subprocess.run([ldd, sys.executable], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in text.splitlines() if "=> /" in line]
    assert names
    assert set(names) <= set(system)


@needs_glibc
def test_only_libraries_for_this_machine_are_offered(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "libfits.so.1").write_bytes(Elf(machine=HERE).data)
    (folder / "libother.so.1").write_bytes(Elf(machine=OTHER).data)
    (folder / "libsmall.so.1").write_bytes(Elf(machine=HERE, bits=32).data)
    (folder / "libbig.so.1").write_bytes(Elf(machine=HERE, little=False).data)
    (folder / "libtext.so").write_text("GROUP ( libx.so.1 )")
    (folder / "libempty.so").write_bytes(b"")
    (folder / "libfolder.so").mkdir()
    (folder / "libgone.so").symlink_to("nowhere")
    (folder / "liblink.so").symlink_to("libfits.so.1")
    os.mkfifo(folder / "libpipe.so")
    fits = {"libfits.so.1", "liblink.so"}
    by_folder = looked(tmp_path, folders=[str(folder), str(tmp_path / "gone"), "relative"])
    assert by_folder.folders[str(folder)] == fits
    assert by_folder.folders[str(tmp_path / "gone")] == frozenset()
    assert not fits & by_folder.libraries.keys()
    assert fits <= looked(tmp_path, search=[str(folder)]).libraries.keys()
    variable = {"LD_LIBRARY_PATH": f"relative::{folder}"}
    found = looked(tmp_path, env=variable).libraries
    assert found["libfits.so.1"] == f"{folder}/libfits.so.1"


@needs_glibc
@pytest.mark.parametrize("minor", [8, 9, 10, 12, 13, 14, 15])
def test_other_interpreters_read_theirs(tmp_path: Path, minor: int) -> None:
    python = interpreter(f"3.{minor}")
    if python is None:
        pytest.skip(f"needs Python 3.{minor}, which is not installed")
    ours, theirs = looked(tmp_path), looked(tmp_path, python=python)
    assert (ours.libc, ours.machine) == (theirs.libc, theirs.machine)
    # One may have a C library of its own, and the loader that goes with it.
    same = ours.libraries["libc.so.6"] == theirs.libraries["libc.so.6"]
    assert same == (ours.version == theirs.version)


def test_asked_for_are_the_folders_that_libraries_look_in() -> None:
    linkage = {
        "/site/a/x.so": Linkage(rpath=("$ORIGIN/../b", "/opt/lib", "relative")),
        "/site/a/y.so": Linkage(needed=("/usr/odd/libz.so", "libc.so.6")),
    }
    assert asked(linkage, ["/one:two", ""]) == {
        "folders": ["/opt/lib", "/site/b", "/usr/odd"],
        "search": ["/one"],
    }


def test_names_that_are_no_text_and_more_folders_than_anybody_has(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "libfits.so.1").write_bytes(Elf(machine=HERE).data)
    Path(os.fsdecode(bytes(folder) + b"/lib\xff.so.1")).write_bytes(Elf(machine=HERE).data)
    Path(f"{folder}/lib\n.so.1").write_bytes(Elf(machine=HERE).data)
    found = looked(tmp_path, folders=[str(folder)], env={"LD_LIBRARY_PATH": f"{folder}/\x01"})
    assert found.folders[str(folder)] <= {"libfits.so.1"}
    assert not found.full
    many = looked(tmp_path, folders=[f"/nowhere/{number}" for number in range(5000)])
    assert many.full
    assert not many.known


# --- what comes out of a sandbox is not believed ---------------------------------------------

GOOD = {
    "version": 1,
    "libc": "glibc",
    "libc_version": "2.36",
    "machine": {"number": 62, "bits": 64, "little": True},
    "libraries": {"libc.so.6": "/lib/libc.so.6"},
    "folders": {"/opt": ["libx.so"]},
    "symbols": {"GLIBCXX": "3.4.30"},
    "full": False,
}


def test_a_good_answer_is_taken() -> None:
    assert parse(json.dumps(GOOD).encode()) == System(
        libc="glibc",
        version="2.36",
        machine=Machine(number=62, bits=64),
        libraries={"libc.so.6": "/lib/libc.so.6"},
        folders={"/opt": frozenset({"libx.so"})},
        symbols={"GLIBCXX": "3.4.30"},
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"libc": "bionic"},
        {"libc_version": "2.36; x"},
        {"libc_version": "9" * 5000},
        {"machine": {"number": "62", "bits": 64}},
        {"symbols": {"OTHER": "1"}},
        {"symbols": {"GLIBCXX": "1." * 500}},
        {"libraries": {"x" * 5000: "/x"}},
        {"libraries": {str(number): "/x" for number in range(60_000)}},
        {"folders": {"/x": 7}},
        {"more": 1},
    ],
)
def test_what_our_reader_never_prints_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(OutsideError, match="what the system offers"):
        parse(json.dumps({**GOOD, **changed}).encode())


def test_names_that_cannot_be_shown_are_dropped() -> None:
    changed = {"libraries": {"a\nb": "/x", "y": "/\x1b[2J"}, "folders": {"/opt": ["\x07", "lib"]}}
    found = parse(json.dumps({**GOOD, **changed}).encode())
    assert found.libraries == {}
    assert found.folders == {"/opt": frozenset({"lib"})}


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_plain_error(data: bytes) -> None:
    with pytest.raises(OutsideError):
        parse(data)


@given(st.sampled_from(sorted(GOOD)), st.none() | st.integers() | st.text() | st.lists(st.text()))
@settings(max_examples=60)
def test_any_value_is_an_answer_or_a_plain_error(key: str, value: object) -> None:
    try:
        parse(json.dumps({**GOOD, key: value}).encode())
    except OutsideError:
        return


# --- ld.so.cache and musl, from files of a made-up system ------------------------------------

HARNESS = """
import json, sys
sys.path.insert(0, {folder!r})
import loader
loader.CACHE = {cache!r}
json.dump(list(loader.cached()), sys.stdout)
"""


def cached(cache: Path) -> list[list[str]]:
    code = HARNESS.format(folder=str(TOOL.parent), cache=str(cache))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)
    rows: list[list[str]] = json.loads(done.stdout)
    return rows


def cache_of(*entries: tuple[str, str], old: bytes = b"") -> bytes:
    texts, rows = b"", b""
    start = 48 + 24 * len(entries)
    for name, path in entries:
        place = start + len(texts)
        texts += name.encode() + b"\0" + path.encode() + b"\0"
        rows += struct.pack("=iIIIQ", 0x303, place, place + len(name) + 1, 0, 0)
    head = b"glibc-ld.so.cache1.1" + struct.pack("=II", len(entries), len(texts)) + bytes(20)
    return old + head + rows + texts


@pytest.mark.parametrize("old", [b"", b"ld.so-1.7.0\0" + bytes(20)])
def test_the_cache_is_read_behind_an_older_table_too(tmp_path: Path, old: bytes) -> None:
    path = tmp_path / "ld.so.cache"
    path.write_bytes(
        cache_of(("liba.so.1", "/lib/liba.so.1"), ("libb.so", "/opt/libb.so"), old=old)
    )
    assert cached(path) == [["liba.so.1", "/lib/liba.so.1"], ["libb.so", "/opt/libb.so"]]


def test_a_cache_that_lies_gives_what_is_in_it(tmp_path: Path) -> None:
    whole = cache_of(("liba.so.1", "/lib/liba.so.1"), ("libb.so", "/opt/libb.so"))
    path = tmp_path / "ld.so.cache"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        if length % 7 == 0:
            assert len(cached(path)) <= 2
    path.write_bytes(whole[:20] + b"\xff" * 4 + whole[24:])
    assert ["liba.so.1", "/lib/liba.so.1"] in cached(path)
    path.write_bytes(whole[:48] + b"\xff" * 48 + whole[96:])
    assert cached(path) == []


MUSL = """
import json, os, sys
sys.path.insert(0, {folder!r})
import loader
def unknown(_name):
    raise ValueError("unrecognized configuration name")
os.confstr = unknown
known = dict({files!r})
loader.read = lambda path, size: known.get(path, b"")[:size]
json.dump([loader.c_library(), loader.musl_folders()], sys.stdout)
"""
INTERPRETER = b"\x7fELF" + bytes(500) + b"/lib/ld-musl-x86_64.so.1\0"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"/proc/self/exe": INTERPRETER},
            [["musl", ""], ["/lib", "/usr/local/lib", "/usr/lib"]],
        ),
        (
            {"/proc/self/exe": INTERPRETER, "/etc/ld-musl-x86_64.path": b"/lib:/opt/lib\n/usr/lib"},
            [["musl", ""], ["/lib", "/opt/lib", "/usr/lib"]],
        ),
        ({}, [["", ""], ["/lib", "/usr/local/lib", "/usr/lib"]]),
    ],
)
def test_musl_is_told_apart_and_has_folders_of_its_own(
    files: dict[str, bytes], expected: object
) -> None:
    code = MUSL.format(folder=str(TOOL.parent), files=files)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)
    assert json.loads(done.stdout) == expected
