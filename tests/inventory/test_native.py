"""Native linkage, from real libraries that a compiler makes here."""

import base64
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruner.analysis.linkage import Linkage, links
from pruner.errors import OutsideError
from pruner.inventory import native
from pruner.inventory.facts import Facts
from pruner.model import Distribution, Inventory, OwnedFile
from support import interpreter

TOOL = Path(__file__).parents[2] / "tracers" / "native.py"
GCC = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(GCC is None, reason="needs gcc, which is not installed")
CODE = 'const char *const names[] = {"libopened.so.3", "cannot open libsaid.so.%d", "libcalib.so"};'


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the reader as it lies in a sandbox: with pyelftools beside it."""
    found = find_spec("elftools")
    if found is None or found.origin is None:
        pytest.skip("needs pyelftools, which is not installed")
    folder = tmp_path_factory.mktemp("tools")
    shutil.copytree(Path(found.origin).parent, folder / "elftools")
    return Path(shutil.copy(TOOL, folder))


def asked(tool: Path, paths: Sequence[str], python: str = sys.executable) -> bytes:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(list(paths), file)
        file.flush()
        argv = [python, "-I", "-W", "error", str(tool), file.name]
        return subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout


def rows(tool: Path, *paths: Path) -> dict[str, Any]:
    answer = json.loads(asked(tool, [str(path) for path in paths]))
    assert answer["version"] == native.VERSION
    return {Path(path).name: row for path, row in answer["files"].items()}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that compiles a library: name, code, options of gcc."""
    folder = tmp_path_factory.mktemp("built")

    @cache
    def compiled(name: str, code: str = "", *options: str) -> Path:
        assert GCC
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        argv = [GCC, "-shared", "-fPIC", "-x", "c", "-", "-o", str(path), "-nostdlib", *options]
        subprocess.run(argv, input=code.encode(), check=True)
        return path

    return compiled


@pytest.fixture
def user(build: Callable[..., Path]) -> Path:
    """Return a library with everything that a library can ask for."""
    used = build("lib/libused.so.1", "int used;", "-Wl,-soname,libused.so.1")
    options = (f"-L{used.parent}", "-Wl,--no-as-needed", "-x", "none", str(used))
    return build(
        "libuser.so.2",
        CODE,
        "-Wl,-soname,libuser.so.2",
        "-Wl,-rpath,$ORIGIN/../lib:/opt/lib",
        *options,
    )


@needs_gcc
def test_what_a_library_asks_for(tool: Path, user: Path) -> None:
    found = rows(tool, user)["libuser.so.2"]
    assert found.pop("machine") == {"number": ANY, "bits": 64, "little": True}
    assert found == {
        "size": user.stat().st_size,
        "soname": "libuser.so.2",
        "needed": ["libused.so.1"],
        "rpath": ["$ORIGIN/../lib", "/opt/lib"],
        "dlopens": ["libcalib.so", "libopened.so.3", "libsaid.so"],
        "placed": [],
        "versions": {},
    }


@needs_gcc
def test_names_of_its_own_and_of_what_it_needs_are_not_named_again(
    tool: Path, build: Callable[..., Path]
) -> None:
    code = 'const char *const names[] = {"libown.so", "libother.so", "x.sort", "lib x.so"};'
    path = build("libown.so", code, "-Wl,-soname,libown.so")
    assert rows(tool, path)["libown.so"]["dlopens"] == ["libother.so"]


@needs_gcc
def test_a_name_that_always_has_its_folder_is_a_path(
    tool: Path, build: Callable[..., Path]
) -> None:
    texts = [
        "ZLib: /lib64/libz.so (ver 1.2.7)",
        "/opt/x/libboth.so",
        "libboth.so",
        "$ORIGIN/../y/liborigin.so",
        "%s/lib/libformat.so.2",
        "${HOME}/libhome.so",
        "LIB=/srv/a-b/c.d/libset.so.1",
        "/opt/one/libtried.so",
        "/usr/lib/libtried.so",  # who tries several places has more than one wish
    ]
    code = f"const char *const texts[] = {{{', '.join(json.dumps(text) for text in texts)}}};"
    found = rows(tool, build("libplaced.so", code))["libplaced.so"]
    assert found["placed"] == ["/lib64/libz.so", "/srv/a-b/c.d/libset.so.1"]
    names = {"libboth.so", "libformat.so.2", "libhome.so", "liborigin.so", "libtried.so"}
    assert set(found["dlopens"]) == {*names, "libset.so.1", "libz.so"}


@needs_gcc
@pytest.mark.parametrize("shift", [*range(-40, 41, 4), -128, -127, 128])
def test_a_name_between_two_blocks_is_found_once_and_whole(
    tool: Path, build: Callable[..., Path], tmp_path: Path, shift: int
) -> None:
    size = 9 * (1 << 20)
    built = build("libbig.so", f"const char big[{size}] = {{1}};").read_bytes()
    start = built.index(b"\x01" + bytes(1 << 20))
    path = tmp_path / "libbig.so"
    where = start + (1 << 22) - 512 + 256 + shift
    path.write_bytes(built[:where] + b"\0libcalib.so.12.3\0" + built[where + 18 :])
    assert rows(tool, path)["libbig.so"]["dlopens"] == ["libcalib.so.12.3"]


@needs_gcc
def test_a_file_without_sections_still_has_its_needs(
    tool: Path, user: Path, tmp_path: Path
) -> None:
    data = bytearray(user.read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    data[60:64] = bytes(4)  # e_shnum, e_shstrndx
    path = tmp_path / "stripped.so"
    path.write_bytes(data)
    found = rows(tool, path)["stripped.so"]
    assert found["needed"] == ["libused.so.1"]
    assert found["dlopens"] == []


def test_what_is_no_library_gets_an_error(tool: Path, tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("GROUP ( libx.so.1 )")
    (tmp_path / "empty.so").write_bytes(b"")
    (tmp_path / "header.so").write_bytes(b"\x7fELF")
    (tmp_path / "folder.so").mkdir()
    os.mkfifo(tmp_path / "pipe.so")
    found = rows(tool, *sorted(tmp_path.iterdir()), tmp_path / "gone.so", Path("/dev/zero"))
    assert len(found) == 7
    assert all(set(row) == {"error"} and row["error"] for row in found.values())
    assert "not an ELF file" in found["text.so"]["error"]


@needs_gcc
def test_a_truncated_file_gets_an_error_or_what_is_left(
    tool: Path, user: Path, tmp_path: Path
) -> None:
    data = user.read_bytes()
    paths = []
    for length in range(0, len(data), len(data) // 40):
        paths.append(tmp_path / f"{length}.so")
        paths[-1].write_bytes(data[:length])
    assert all("error" in row for row in rows(tool, *paths).values())


@needs_gcc
def test_a_hostile_file_costs_little(tool: Path, user: Path, tmp_path: Path) -> None:
    data = user.read_bytes()
    big = 1 << 33
    many, long, wide = (tmp_path / f"{name}.so" for name in ("many", "long", "wide"))
    many.write_bytes(data[:60] + struct.pack("<H", 0xFFFE) + data[62:])
    long.write_bytes(data[:56] + struct.pack("<H", 0xFFFE) + data[58:])
    wide.write_bytes(data[:58] + struct.pack("<HH", 0, 4000) + data[62:])
    for path in (many, long, wide):
        with path.open("r+b") as file:
            file.truncate(big)  # sparse: takes no room
    started = time.monotonic()
    found = rows(tool, many, long, wide)
    assert time.monotonic() - started < 30
    assert "65534 sections" in found["many.so"]["error"]
    assert "65534 segments" in found["long.so"]["error"]


@needs_gcc
@pytest.mark.parametrize("minor", [8, 9, 10, 12, 13, 14, 15])
def test_it_reads_the_same_with_other_interpreters(tool: Path, user: Path, minor: int) -> None:
    python = interpreter(f"3.{minor}")
    if python is None:
        pytest.skip(f"needs Python 3.{minor}, which is not installed")
    assert asked(tool, [str(user)], python) == asked(tool, [str(user)])


def test_garbage_behind_a_true_beginning_never_ends_the_reader(tool: Path, tmp_path: Path) -> None:
    start = b"\x7fELF\x02\x01\x01" + bytes(9)
    paths = []
    for seed in range(200):
        digest = hashlib.shake_128(bytes([seed])).digest(600)
        paths.append(tmp_path / f"{seed}.so")
        paths[-1].write_bytes(start + digest)
    assert len(rows(tool, *paths)) == 200


# --- what comes out of a sandbox is not believed ---------------------------------------------


@given(st.binary())
def test_any_bytes_are_an_answer_or_a_plain_error(data: bytes) -> None:
    with pytest.raises(OutsideError):
        native.parse(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=50)
def test_any_row_is_an_answer_or_a_plain_error(row: object) -> None:
    try:
        native.parse(json.dumps({"version": native.VERSION, "files": {"/x.so": row}}).encode())
    except OutsideError:
        return


def test_names_that_cannot_be_shown_are_dropped() -> None:
    row = {"soname": "a\nb", "needed": ["libx.so", "\x1b[2J", ""], "error": "bad\x07"}
    answer = json.dumps({"version": native.VERSION, "files": {"/x.so": row}}).encode()
    assert native.parse(answer) == {"/x.so": Linkage(needed=("libx.so",), error="bad")}


@pytest.mark.parametrize(
    "row",
    [
        {"needed": ["x"] * 2000},
        {"soname": "x" * 5000},
        {"other": 1},
        {"versions": {"libc.so.6": ["GLIBC_2.34; x"]}},
        {"versions": {"libc.so.6": ["GLIBC_" + "9" * 5000]}},
        {"machine": "EM_X86_64"},
        None,
    ],
)
def test_what_our_reader_never_prints_is_refused(row: object) -> None:
    files = {} if row is None else {"/x.so": row}
    version = native.VERSION + (row is None)
    with pytest.raises(OutsideError):
        native.parse(json.dumps({"version": version, "files": files}).encode())


# --- asking only for what is not known -------------------------------------------------------


def inventory(
    *dists: Distribution, on_disk: dict[str, str] | None = None, changed: tuple[str, ...] = ()
) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=("/site",),
        stdlib_dirs=(),
        distributions=dists,
        on_disk=on_disk or {},
        changed=frozenset(changed),
    )


def dist(name: str, *files: OwnedFile) -> Distribution:
    return Distribution(name=name, version="1", files=files)


class Sandbox:
    """Answers as the reader would, and remembers what it was asked."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, paths: Sequence[str]) -> bytes:
        self.asked.append(list(paths))
        return msgspec.json.encode({"version": native.VERSION, "files": self.answers})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.sqlite"


def test_only_unknown_libraries_are_asked_for(path: Path) -> None:
    installed = inventory(
        dist("a", OwnedFile("/site/a.so", "h1", 10), OwnedFile("/site/a.py", "h2", 10)),
        dist("b", OwnedFile("/site/b.so")),
    )
    sandbox = Sandbox(
        **{"/site/a.so": {"size": 10, "needed": ["libx.so"]}, "/site/b.so": {"size": 5}}
    )
    for _ in range(2):
        with Facts.open(path) as facts:
            found, notes = native.linkage(installed, sandbox, facts)
        assert found == {"/site/a.so": Linkage(needed=("libx.so",)), "/site/b.so": Linkage()}
        assert notes == ()
    assert sandbox.asked == [["/site/a.so", "/site/b.so"], ["/site/b.so"]]


def test_the_sandbox_is_not_asked_where_nothing_is_unknown(path: Path) -> None:
    sandbox = Sandbox()
    with Facts.open(path) as facts:
        assert native.linkage(inventory(dist("a", OwnedFile("/site/a.py"))), sandbox, facts) == (
            {},
            (),
        )
    assert sandbox.asked == []


@pytest.mark.parametrize(
    "row", [{"size": 11, "needed": ["libx.so"]}, {"error": "takes too long"}, None]
)
def test_what_was_changed_or_could_not_be_read_is_not_kept(path: Path, row: object) -> None:
    installed = inventory(dist("a", OwnedFile("/site/a.so", "h1", 10)))
    sandbox = Sandbox(**({"/site/a.so": row} if row else {}))
    with Facts.open(path) as facts:
        native.linkage(installed, sandbox, facts)
        found, notes = native.linkage(installed, sandbox, facts)
    assert len(sandbox.asked) == 2
    assert bool(notes) is bool(found["/site/a.so"].error)


def test_a_kept_fact_that_cannot_be_read_is_asked_for_again(path: Path) -> None:
    installed = inventory(dist("a", OwnedFile("/site/a.so", "h1", 10)))
    sandbox = Sandbox(**{"/site/a.so": {"size": 10, "soname": "a"}})
    with Facts.open(path) as facts:
        facts.put(native.KIND, native.MEANING, {"a-1-h1-10": b"{"})
        assert native.linkage(installed, sandbox, facts)[0] == {"/site/a.so": Linkage(soname="a")}


def test_a_library_that_was_changed_after_it_was_installed_is_read_every_time(path: Path) -> None:
    file = OwnedFile("/site/a.so", "h1", 10)
    sandbox = Sandbox(**{"/site/a.so": {"size": 10, "needed": ["libx.so"]}})
    with Facts.open(path) as facts:
        native.linkage(inventory(dist("a", file)), sandbox, facts)
        sandbox.answers["/site/a.so"] = {"size": 10, "needed": ["liby.so"]}
        installed = inventory(dist("a", file), changed=("/site/a.so",))
        for _ in range(2):
            found, _ = native.linkage(installed, sandbox, facts)
            assert found == {"/site/a.so": Linkage(needed=("liby.so",))}
        found, _ = native.linkage(inventory(dist("a", file)), sandbox, facts)
    assert found == {"/site/a.so": Linkage(needed=("libx.so",))}
    assert len(sandbox.asked) == 3


def test_a_record_that_lies_about_hash_and_size_speaks_for_nobody_else(path: Path) -> None:
    liar = inventory(dist("liar", OwnedFile("/site/a.so", "h1", 10)))
    honest = inventory(dist("honest", OwnedFile("/site/b.so", "h1", 10)))
    lie = {"size": 10, "needed": []}
    sandbox = Sandbox(**{"/site/a.so": lie, "/site/b.so": {"size": 10, "needed": ["libx.so"]}})
    with Facts.open(path) as facts:
        native.linkage(liar, sandbox, facts)
        found, _ = native.linkage(honest, sandbox, facts)
    assert found == {"/site/b.so": Linkage(needed=("libx.so",))}


def test_a_file_of_two_records_has_the_hash_that_is_on_the_disk() -> None:
    first, second = OwnedFile("/site/s.so", "h1", 1), OwnedFile("/site/s.so", "h2", 2)
    both = (dist("a", first), dist("b", second))
    assert native.libraries(inventory(*both, on_disk={"/site/s.so": "h2"})) == [second]
    assert native.libraries(inventory(*both, on_disk={"/site/s.so": "h3"})) == [
        OwnedFile("/site/s.so", "h3")
    ]


@needs_gcc
def test_a_real_library_makes_another_distribution_linked(
    tool: Path, user: Path, path: Path
) -> None:
    used = user.parent / "lib" / "libused.so.1"
    digest = base64.urlsafe_b64encode(hashlib.sha256(used.read_bytes()).digest()).rstrip(b"=")
    installed = inventory(
        dist("user", OwnedFile(str(user))),
        dist("used", OwnedFile(str(used), digest.decode(), used.stat().st_size)),
    )
    with Facts.open(path) as facts:
        found, notes = native.linkage(installed, lambda paths: asked(tool, paths), facts)
    assert notes == ()
    assert [proof.what for proof in links(installed, found, ["user"]).proofs["used"]] == [
        "libused.so.1"
    ]
