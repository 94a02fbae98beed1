"""An environment of distributions that lie, read and judged as `pruner lock` does it."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from elves import AARCH64, S390X, X86_64, Elf
from pruner.analysis.attribution import Ownership
from pruner.analysis.offers import Scene
from pruner.analysis.unmet import unmet
from pruner.inventory import system
from pruner.inventory.facts import Facts
from pruner.inventory.native import linkage
from pruner.inventory.read import parse
from pruner.model import Conflict

TRACERS = Path(__file__).parents[2] / "tracers"
HERE = {"x86_64": X86_64, "aarch64": AARCH64}.get(platform.machine(), 0)
pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not HERE, reason="needs glibc on a machine known here"
)

Add = Callable[..., None]


class Place:
    """A virtual environment whose distributions a test writes by hand."""

    def __init__(self, folder: Path) -> None:
        venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        (self.site,) = venv.glob("lib/python*/site-packages")
        self._python = venv / "bin" / "python"
        self._tools = folder / "tools"
        self._tools.mkdir()
        found = find_spec("elftools")
        assert found
        assert found.origin
        shutil.copytree(Path(found.origin).parent, self._tools / "elftools")
        for name in ("inventory.py", "native.py", "loader.py"):
            shutil.copy(TRACERS / name, self._tools)

    def add(
        self, name: str, files: dict[str, bytes], *, record: str | None = "", wheel: str = ""
    ) -> None:
        """Install a distribution; `record` "" is a true one, None is none at all."""
        info = self.site / f"{name}-1.0.dist-info"
        info.mkdir()
        for path, data in files.items():
            (self.site / path).parent.mkdir(parents=True, exist_ok=True)
            (self.site / path).write_bytes(data)
        true = "".join(f"{path},sha256=h-{path},{len(data)}\n" for path, data in files.items())
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n")
        (info / "WHEEL").write_text(wheel)
        if record is not None:
            (info / "RECORD").write_text(record or true)

    def judged(self) -> tuple[tuple[Conflict, ...], tuple[str, ...]]:
        """Return the conflicts, and the notes about what could not be read."""
        inventory = parse(self._run("inventory.py"))
        with Facts.open(self._tools / "facts.sqlite") as facts:
            links, notes = linkage(inventory, self._libraries, facts)
        listed = system.parse(self._run("loader.py", json.dumps(system.asked(links))))
        scene = Scene(
            inventory=inventory,
            linkage=links,
            system=listed,
            kept=frozenset(inventory.by_key()),
        )
        return unmet(scene, Ownership(inventory)), notes

    def _libraries(self, paths: Sequence[str]) -> bytes:
        return self._run("native.py", json.dumps(list(paths)))

    def _run(self, script: str, order: str = "") -> bytes:
        asked = self._tools / "asked.json"
        asked.write_text(order)
        argv = [str(self._python), "-I", str(self._tools / script), str(asked)]
        return subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


GOOD = Elf(("libc.so.6",), machine=HERE).data
LACKING = Elf(("libc.so.6", "libnobody-has-it.so.7"), machine=HERE).data


def test_files_that_are_no_libraries_are_noted_and_say_nothing(place: Place) -> None:
    files = {
        "a/good.so": GOOD,
        "a/empty.so": b"",
        "a/text.so": b"import os\n",
        "a/script.so": b"GROUP ( libnobody-has-it.so.7 )",
        "a/cut.so": LACKING[: len(LACKING) // 2],
        "a/long.so": Elf(("libnobody-has-it.so.7",), "x" * (1 << 20), machine=HERE).data,
        "a/other.so": Elf(("libnobody-has-it.so.7",), machine=S390X, little=False).data,
    }
    place.add("a", files)
    conflicts, notes = place.judged()
    assert conflicts == ()
    assert notes[0].startswith("what 5 libraries need could not be read; the first: ")


def test_what_is_missing_beside_all_of_that_is_found(place: Place) -> None:
    place.add("a", {"a/_a.abi3.so": LACKING, "a/empty.so": b"", "a/good.so": GOOD})
    ((found,), _) = place.judged()
    assert found.why.startswith("a/_a.abi3.so, without which none of its native code runs, cannot")
    assert [(proof.by, proof.what) for proof in found.proof] == [
        ("a/_a.abi3.so", "libnobody-has-it.so.7")
    ]


@pytest.mark.parametrize(
    "record",
    [
        "a/x.so,sha256=wrong,1\n",
        "a/x.so,,\n",
        "a/x.so,sha256=wrong,99999999999999999999999\n",
        "a/x.so,md5=wrong,-4\na/gone.so,sha256=b,3\n../../../../etc/passwd,,\n",
        '"a/x.so\n"broken,,\na/x.so,sha256=c,7\n',
    ],
)
def test_a_record_that_lies_changes_nothing(place: Place, record: str) -> None:
    place.add("a", {"a/x.so": LACKING}, record=record)
    for _ in range(2):
        conflicts, _ = place.judged()
        assert [item.distributions for item in conflicts] == [("a",)]


def test_a_library_that_was_patched_is_read_again(place: Place) -> None:
    place.add("a", {"a/x.so": LACKING})
    assert len(place.judged()[0]) == 1
    (place.site / "a/x.so").write_bytes(GOOD)  # RECORD still has the other's size and hash
    assert place.judged()[0] == ()


def test_without_a_record_nothing_is_known_to_be_missing(place: Place) -> None:
    place.add("debian", {"d/x.so": LACKING}, record=None)
    place.add("user", {"u/x.so": Elf(("x.so",), "", "$ORIGIN/../d", machine=HERE).data})
    assert place.judged()[0] == ()  # and what lies there is found where an RPATH leads to it


def test_an_editable_install_brings_no_libraries(place: Place) -> None:
    place.add("own", {"__editable__own.pth": b"/somewhere/else\n"})
    (place.site / "own-1.0.dist-info/direct_url.json").write_text(
        '{"url": "file:///somewhere/else", "dir_info": {"editable": true}}'
    )
    assert place.judged() == ((), ())


def test_a_wheel_for_a_newer_system_and_one_for_another_machine(place: Place) -> None:
    newer = Elf(("libc.so.6",), versions={"libc.so.6": ("GLIBC_9.99",)}, machine=HERE).data
    arch = platform.machine()
    place.add("newer", {"n/x.so": newer}, wheel=f"Tag: cp311-cp311-manylinux_9_99_{arch}\n")
    place.add("other", {"o/x.so": Elf(("libc.so.6",), machine=S390X, little=False).data})
    newer_one, other_one = place.judged()[0]
    assert newer_one.kind == other_one.kind == "platform"
    assert "its libraries need GLIBC_9.99, and the system has GLIBC_" in newer_one.why
    assert f"its wheel is for manylinux_9_99_{arch}, and this is {arch} with glibc" in newer_one.why
    assert other_one.why.startswith("its libraries are built for s390x, and this is ")
