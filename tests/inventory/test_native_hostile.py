"""ELF files that lie: an error for that one file, in bounded time, and nothing wrong is said."""

import json
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from elves import AARCH64, ARM, S390X, Elf

TOOL = Path(__file__).parents[2] / "tracers" / "native.py"
Read = Callable[[bytes], dict[str, Any]]


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = find_spec("elftools")
    assert found
    assert found.origin
    folder = tmp_path_factory.mktemp("tools")
    shutil.copytree(Path(found.origin).parent, folder / "elftools")
    return Path(shutil.copy(TOOL, folder))


@pytest.fixture
def read_all(tool: Path, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    def reads(*contents: bytes) -> list[dict[str, Any]]:
        paths = [tmp_path / f"{number}.so" for number in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        asked = tmp_path / "asked.json"
        asked.write_text(json.dumps([str(path) for path in paths]))
        argv = [sys.executable, "-I", "-W", "error", str(tool), str(asked)]
        done = subprocess.run(argv, capture_output=True, check=True, timeout=120)
        rows = json.loads(done.stdout)["files"]
        return [rows[str(path)] for path in paths]

    return reads


@pytest.fixture
def read(read_all: Callable[..., list[dict[str, Any]]]) -> Read:
    return lambda data: read_all(data)[0]


VERSIONS = {
    "libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE"),
    "libstdc++.so.6": ("GLIBCXX_3.4.9", "CXXABI_1.3.9", "GLIBCXX_3.4.30", "CXXABI_FLOAT128"),
    "libgomp.so.1": ("GOMP_1.0",),
}


@pytest.mark.parametrize(
    ("machine", "bits", "little"),
    [(62, 64, True), (AARCH64, 64, True), (S390X, 64, False), (ARM, 32, True), (20, 32, False)],
)
def test_a_library_for_any_machine_is_read(
    read: Read,
    machine: int,
    bits: int,
    little: bool,  # noqa: FBT001
) -> None:
    made = Elf(
        ("libc.so.6",), "libx.so", "$ORIGIN", VERSIONS, machine=machine, bits=bits, little=little
    )
    assert read(made.data) == {
        "size": len(made.data),
        "soname": "libx.so",
        "needed": ["libc.so.6"],
        "rpath": ["$ORIGIN"],
        "dlopens": [],
        "placed": [],
        "versions": {
            "libc.so.6": ["GLIBC_2.34"],
            "libstdc++.so.6": ["CXXABI_1.3.9", "GLIBCXX_3.4.30"],
        },
        "machine": {"number": machine, "bits": bits, "little": little},
    }


def test_the_mark_of_compressed_relocations_is_the_glibc_that_reads_them(read: Read) -> None:
    versions = {"libc.so.6": ("GLIBC_2.3", "GLIBC_ABI_DT_RELR")}
    assert read(Elf(versions=versions).data)["versions"] == {"libc.so.6": ["GLIBC_2.36"]}


def test_versions_that_may_be_missing_are_not_needed(read: Read) -> None:
    made = Elf(versions={"libc.so.6": ("GLIBC_2.3", "GLIBC_2.99")})
    second = made.place["versions"] + 16 + 16
    data = bytearray(made.data)
    data[second + 4 : second + 6] = struct.pack("<H", 2)  # VER_FLG_WEAK
    assert read(bytes(data))["versions"] == {"libc.so.6": ["GLIBC_2.3"]}


def test_truncated_anywhere_it_is_an_error(
    read_all: Callable[..., list[dict[str, Any]]],
) -> None:
    data = Elf(("libc.so.6",), "libx.so", "$ORIGIN", VERSIONS).data
    rows = read_all(*(data[:length] for length in range(len(data) - len("GOMP_1.0") - 1)))
    assert all(row.keys() == {"error"} for row in rows)


def patched(made: Elf, place: int, form: str, *values: int) -> bytes:
    data = bytearray(made.data)
    packed = struct.pack("<" + form, *values)
    data[place : place + len(packed)] = packed
    return bytes(data)


@pytest.mark.parametrize("offset", [0, 1, 4, 2**31, 2**32 - 16])
@pytest.mark.parametrize("field", [8, 12, 16 + 12], ids=["first", "next", "next-of-inner"])
def test_a_chain_of_versions_that_leads_anywhere_ends(read: Read, field: int, offset: int) -> None:
    made = Elf(versions=VERSIONS)
    began = time.monotonic()
    row = read(patched(made, made.place["versions"] + field, "I", offset))
    assert time.monotonic() - began < 20
    assert "error" in row or set(row["versions"]) <= {"", *VERSIONS}


def test_a_chain_of_versions_without_end_is_refused(read: Read) -> None:
    made = Elf(versions={f"lib{number}.so": () for number in range(300)})
    data = bytearray(made.data)
    for number in range(300):
        # Every library asks for 65,535 versions, which are the libraries' own entries.
        struct.pack_into("<HHIII", data, made.place["versions"] + 16 * number, 1, 65535, 1, 0, 16)
    assert "error" in read(bytes(data))


def test_more_libraries_with_versions_than_anybody_has_are_refused(read: Read) -> None:
    made = Elf(versions={f"lib{number}.so": ("GLIBC_2.1",) for number in range(600)})
    assert "600" in read(made.data)["error"] or "512" in read(made.data)["error"]


@pytest.mark.parametrize("soname", ["x" * (1 << 20), "lib" + "y" * 5000 + ".so"])
def test_a_name_that_is_too_long_is_refused(read: Read, soname: str) -> None:
    assert read(Elf(soname=soname).data)["error"] == "HostileError: a name has no end"


def test_names_that_are_too_many_are_refused(read: Read) -> None:
    assert "error" in read(Elf([f"lib{'z' * 900}{number}.so" for number in range(400)]).data)


@pytest.mark.parametrize(
    ("place", "count", "names"),
    [(0, 100, 0), (2**63, 10, 0), (2**64 - 64, 1, 0), (64, 4096, 4095), (1, 65535, 1)],
)
def test_section_tables_that_overlap_or_lie_far_away(
    read: Read, place: int, count: int, names: int
) -> None:
    made = Elf(("libc.so.6",))
    data = bytearray(patched(made, 40, "Q", place))
    data[60:64] = struct.pack("<HH", count, names)
    began = time.monotonic()
    row = read(bytes(data))
    assert time.monotonic() - began < 20
    assert "error" in row or row["needed"] == ["libc.so.6"]


def test_segments_that_lie_outside_of_the_file(read: Read) -> None:
    made = Elf(("libc.so.6",))
    for field in (8, 16, 32):  # p_offset, p_vaddr, p_filesz
        for segment in (0, 56):
            row = read(patched(made, made.place["headers"] + segment + field, "Q", 2**62))
            assert "error" in row or row["needed"] in ([], ["libc.so.6"])


@pytest.mark.parametrize("data", [b"", b"x = 1\n", b"GROUP ( libx.so.1 AS_NEEDED ( liby.so ) )"])
def test_what_is_called_a_library_and_is_none(read: Read, data: bytes) -> None:
    assert read(data)["error"] == "HostileError: not an ELF file"


@pytest.mark.parametrize(("at", "value"), [(4, 0), (4, 1), (4, 3), (5, 0), (5, 2), (5, 9)])
def test_a_header_that_lies_about_class_or_order(read: Read, at: int, value: int) -> None:
    data = bytearray(Elf(("libc.so.6",), versions=VERSIONS).data)
    data[at] = value
    row = read(bytes(data))
    assert "error" in row or row["needed"] == []
