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


def answer(**changed: object) -> bytes:
    whole = {
        "version": 1,
        "python": "3.11.2",
        "executable": "/usr/bin/python3",
        "markers": {},
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


@given(st.binary(max_size=300))
def test_nothing_that_a_sandbox_prints_breaks_us(text: bytes) -> None:
    with pytest.raises(PrunerError):
        parse(text)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_metadata_and_record_are_read_or_passed_over(metadata: str, record: str) -> None:
    clean = (metadata + record).encode("utf-8", "ignore").decode()
    parse(answer(distributions=[raw("x", clean, clean)]))
