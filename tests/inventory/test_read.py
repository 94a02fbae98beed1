import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.analysis.attribution import Ownership
from pruner.errors import OutsideError, PrunerError
from pruner.inventory.read import parse

TOOL = Path(__file__).parents[2] / "tracers" / "inventory.py"


def test_our_own_environment_is_read_as_it_is() -> None:
    done = subprocess.run([sys.executable, "-I", str(TOOL)], capture_output=True, check=True)
    inventory = parse(done.stdout)
    found = inventory.by_key()
    assert inventory.python == ".".join(map(str, sys.version_info[:3]))
    assert "json" in inventory.stdlib_modules
    record = next(f for f in found["msgspec"].files if f.path.endswith("msgspec/__init__.py"))
    assert Path(record.path).stat().st_size == record.size
    assert record.sha256
    assert any(line.startswith("requests") for line in found["docker"].requires)
    assert found["pruner"].local  # an editable install comes from no index


def test_what_setup_py_installed_is_read_from_its_own_list(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    egg = site / "old-1.0-py3.11.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    (site / "old.py").write_text("x = 1\n")
    (egg / "installed-files.txt").write_text("../old.py\nPKG-INFO\n../gone.py\n")
    argv = [str(venv / "bin" / "python"), "-I", str(TOOL)]
    found = parse(subprocess.run(argv, capture_output=True, check=True).stdout).by_key()["old"]
    assert found.managed
    assert (str(site / "old.py"), 6) in [(file.path, file.size) for file in found.files]
    assert len(found.files) == 2


def test_a_folder_that_a_pth_adds_holds_modules_of_distributions(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    inner = site / "vendor.prefix" / "lib"
    info = site / "deep-1.0.dist-info"
    for folder in (inner, info):
        folder.mkdir(parents=True)
    (site / "vendor.pth").write_text("vendor.prefix/lib\n")
    (inner / "deep.py").write_text("")
    (info / "METADATA").write_text("Name: deep\nVersion: 1.0\n\n")
    (info / "RECORD").write_text("vendor.prefix/lib/deep.py,,0\n")
    argv = [str(venv / "bin" / "python"), "-I", str(TOOL)]
    inventory = parse(subprocess.run(argv, capture_output=True, check=True).stdout)
    assert inventory.site_dirs == (str(site), str(inner))
    assert Ownership(inventory).of_module("deep") == ("deep",)


def test_libraries_that_are_not_what_was_installed_are_told(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    info = site / "x-1.0.dist-info"
    info.mkdir()
    for name in ("same.so", "stripped.so", "patched.so", "old.so.1", "text.py"):
        (site / name).write_bytes(b"12345")
    (info / "METADATA").write_text("Name: x\nVersion: 1.0\n\n")
    (info / "WHEEL").write_text(
        "Wheel-Version: 1.0\nTag: cp311-abi3-manylinux_2_17_x86_64\nTag: cp311-abi3-linux_x86_64\n"
        "Tag: cp311-abi3-linux_x86_64\nTag: ../../etc\nBuild: 1\n"
    )
    sizes = {"same.so": 5, "stripped.so": 9, "patched.so": 5, "old.so.1": "", "text.py": 1}
    lines = [f"{name},sha256=abc,{size}\n" for name, size in {**sizes, "gone.so": 1}.items()]
    (info / "RECORD").write_text("".join(lines))
    later = info.joinpath("RECORD").stat().st_mtime + 60
    os.utime(site / "patched.so", (later, later))
    argv = [str(venv / "bin" / "python"), "-I", str(TOOL)]
    found = parse(subprocess.run(argv, capture_output=True, check=True).stdout)
    names = ("gone.so", "old.so.1", "patched.so", "stripped.so")
    assert found.changed == {f"{site}/{name}" for name in names}
    assert found.by_key()["x"].tags == (
        "cp311-abi3-manylinux_2_17_x86_64",
        "cp311-abi3-linux_x86_64",
    )


def answer(**changed: object) -> bytes:
    whole = {
        "version": 2,
        "python": "3.11.2",
        "executable": "/usr/bin/python3",
        "markers": {"python_version": "3.11", "platform_machine": "x", "sys_platform": "linux"},
        "site": ["/site"],
        "aliases": {},
        "stdlib": [],
        "stdlib_modules": [],
        "distributions": [],
        "hashes": {},
    }
    return msgspec.json.encode({**whole, **changed})


def raw(name: str, metadata: str, record: str = "") -> dict[str, str]:
    path = f"/site/{name}.dist-info"
    return {"path": path, "metadata": metadata, "record": record, "direct_url": ""}


def test_record_is_csv_with_paths_relative_to_its_folder() -> None:
    record = '"a,b.py",sha256=abc,3\n../../bin/tool,sha256=def,4\na/__init__.py,,\n'
    rows = [raw("A_b-1", "Name: A_b\nVersion: 1", record)]
    (dist,) = parse(answer(distributions=rows)).distributions
    assert dist.key == "a-b"
    assert [(f.path, f.sha256, f.size) for f in dist.files] == [
        ("/site/a,b.py", "abc", 3),
        ("/bin/tool", "def", 4),
        ("/site/a/__init__.py", None, None),
    ]
    assert dist.size_bytes == 7


def test_without_a_record_it_belongs_to_the_system() -> None:
    (dist,) = parse(answer(distributions=[raw("x", "Name: x\nVersion: 1")])).distributions
    assert not dist.managed


def test_of_two_of_one_name_the_first_on_the_path_counts() -> None:
    rows = [raw("x-2", "Name: x\nVersion: 2"), raw("X-1", "Name: X\nVersion: 1")]
    (dist,) = parse(answer(distributions=rows)).distributions
    assert dist.version == "2"


def test_what_an_interrupted_uninstall_leaves_is_no_distribution() -> None:
    assert parse(answer(distributions=[raw("~ip", "")])).distributions == ()


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", answer(version=9), answer(extra=1), b"\xff"])
def test_what_is_not_ours_is_an_error(text: bytes) -> None:
    with pytest.raises(OutsideError):
        parse(text)


LONG = "a" * 200_000


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f"a.py,,1\n{LONG},,1\nb.py,,1", ["/site/a.py", "/site/b.py"]),
        ('a.py,,1\na\rb,,1\n"never closed', ["/site/a.py", "/site/never closed"]),
        ("../../../../../etc/passwd,,1", ["/etc/passwd"]),
        ("/etc/passwd,,1", ["/etc/passwd"]),
        (",,1\n\n,", []),
    ],
)
def test_rows_that_are_no_rows_are_passed_over(record: str, expected: list[str]) -> None:
    """A path that leads out is only a name: nothing opens it, and nothing loaded is there."""
    (dist,) = parse(answer(distributions=[raw("x", "Name: x\nVersion: 1", record)])).distributions
    assert [file.path for file in dist.files] == expected


@pytest.mark.parametrize(
    "size", ["-1", "1e9", "\u00b2", "\u0661", "9" * 19, "9" * 5000, "1_0", "0x1", "NaN"]
)
def test_a_size_that_is_none(size: str) -> None:
    rows = [raw("x", "Name: x\nVersion: 1", f"a.py,,{size}")]
    (dist,) = parse(answer(distributions=rows)).distributions
    assert [file.size for file in dist.files] == [None]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("../../x", "1"), ("x/y", "1"), ("x\x1b[2J", "1"), ("-r", "1"), ("x" * 300, "1"),
        ("x", "1/../../../x"), ("x", "1 --index-url=http://example.org"), ("x", "-1"),
        ("x", "1;2"), ("x", "\x1b"), ("x", "1" * 300), ("x", "\u0661"),
    ],
)  # fmt: skip
def test_a_name_or_version_that_no_lock_may_hold(name: str, version: str) -> None:
    rows = [raw("x-1", f"Name: {name}\nVersion: {version}")]
    with pytest.raises(OutsideError, match="is no name and version of a distribution") as caught:
        parse(answer(distributions=rows))
    assert caught.value.message.isprintable()


def test_a_header_that_goes_on_in_the_next_line() -> None:
    rows = [raw("x-1", "Name: x\nVersion: 1\n --index-url http://example.org")]
    with pytest.raises(OutsideError, match="is no name and version"):
        parse(answer(distributions=rows))


NOT_OURS: dict[str, dict[str, object]] = {
    "python": {"python": "3.11.2\n"},
    "option": {"python": "--index-url=x"},
    "escape": {"python": "3.11.2\x1b"},
    "quote": {"markers": {"sys_platform": "linux' or 'a' == 'a"}},
    "marker line": {"markers": {"sys_platform": "linux\n"}},
    "no markers": {"markers": {}, "distributions": [raw("x", "Name: x\nVersion: 1")]},
    "headers": {"distributions": [raw("x", "Name: x\n" + "A: b\n" * 300_000)]},
    "files": {"distributions": [raw("x", "Name: x\nVersion: 1", "\n" * 1_000_001)]},
    "distributions": {"distributions": [raw("x", "")] * 10_001},
    "unknown": {"\x1b[2J": 1},
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_what_costs_too_much_or_says_too_much(kind: str) -> None:
    with pytest.raises(OutsideError) as caught:
        parse(answer(**NOT_OURS[kind]))
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "text",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"version":' + b"9" * 10_000 + b"}", b'{"version":NaN}'],
)
def test_what_is_no_json_of_ours(text: bytes) -> None:
    with pytest.raises(OutsideError):
        parse(text)


def test_a_hostile_environment_is_read_to_its_end(tmp_path: Path) -> None:
    """What RECORDs share is hashed, unless it is no file; a pipe is not waited for."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "shared.py").write_text("x = 1\n")
    climb = "../" * 30
    for name in ("a", "b"):
        info = site / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1\n")
        rows = ["shared.py,,6", f"{climb}dev/zero,,", f"{climb}proc,,", LONG, "a\rb,,"]
        (info / "RECORD").write_text("\n".join(rows), newline="")
    (site / "pipe-1.dist-info").mkdir()
    os.mkfifo(site / "pipe-1.dist-info" / "METADATA")
    os.mkfifo(site / "pipe-1.dist-info" / "RECORD")
    argv = [str(venv / "bin" / "python"), "-I", str(TOOL)]
    done = subprocess.run(argv, capture_output=True, check=True, timeout=60)
    inventory = parse(done.stdout)
    assert set(inventory.by_key()) == {"a", "b"}
    assert list(inventory.on_disk) == [str(site / "shared.py")]


@given(st.binary(max_size=300))
def test_nothing_that_a_sandbox_prints_breaks_us(text: bytes) -> None:
    with pytest.raises(PrunerError):
        parse(text)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_metadata_and_record_are_read_or_passed_over(metadata: str, record: str) -> None:
    clean = (metadata + record).encode("utf-8", "ignore").decode()
    parse(answer(distributions=[raw("x", clean, clean)]))


def test_entry_points_are_read_by_group_and_other_lines_passed_over() -> None:
    text = (
        "\nlost = x\n[app.plugins]\n# no\none = pkg.mod:Thing [extra]\nbroken\n[other]\ntwo=pkg\n"
    )
    rows = [{**raw("x-1", "Name: x\nVersion: 1", "x.py,,\n"), "entry_points": text}]
    (dist,) = parse(answer(distributions=rows)).distributions
    found = [(each.group, each.name, each.module) for each in dist.offers]
    assert found == [("app.plugins", "one", "pkg.mod"), ("other", "two", "pkg")]
