"""What was built for another system than this one."""

import msgspec
import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Scene
from pruner.analysis.system import Machine, System
from pruner.analysis.unmet import unmet
from pruner.model import (
    AgentStatus,
    Conflict,
    Distribution,
    Inventory,
    Loaded,
    OwnedFile,
    Proof,
    Trace,
)

SITE = "/site"
X86_64, AARCH64 = Machine(number=62, bits=64), Machine(number=183, bits=64)
BULLSEYE = System(
    libc="glibc",
    version="2.31",
    machine=X86_64,
    libraries={name: f"/lib/{name}" for name in ("libc.so.6", "libm.so.6", "libstdc++.so.6")},
    symbols={"GLIBCXX": "3.4.28", "CXXABI": "1.3.12"},
)
ALPINE = System(
    libc="musl",
    machine=X86_64,
    libraries={"libc.musl-x86_64.so.1": "/lib/libc.musl-x86_64.so.1"},
)


def conflicts(
    linkage: dict[str, Linkage],
    system: System = BULLSEYE,
    tags: tuple[str, ...] = (),
    loaded: tuple[str, ...] = (),
) -> tuple[Conflict, ...]:
    files = tuple(OwnedFile(f"{SITE}/{path}", path, 1) for path in linkage)
    inventory = Inventory(
        python="3.11.2",
        executable="/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=(Distribution(name="a", version="1", files=files, tags=tags),),
    )
    trace = Trace(
        agent="x",
        status=AgentStatus.OK,
        seconds=1.0,
        loaded=tuple(Loaded(kind="extension", what="x", file=f"{SITE}/{path}") for path in loaded),
    )
    by_path = {f"{SITE}/{path}": link for path, link in linkage.items()}
    kept = frozenset({"a"})
    scene = Scene(inventory=inventory, linkage=by_path, system=system, kept=kept, traces=(trace,))
    return unmet(scene, Ownership(inventory))


def built(*versions: str, of: str = "libc.so.6", machine: Machine = X86_64) -> Linkage:
    return Linkage(needed=(of,), versions={of: versions}, machine=machine)


def test_a_newer_glibc_than_the_system_has_is_a_conflict() -> None:
    (found,) = conflicts({"a/x.so": built("GLIBC_2.34"), "a/y.so": built("GLIBC_2.17")})
    assert found == Conflict(
        kind="platform",
        distributions=("a",),
        why="its libraries need GLIBC_2.34, and the system has GLIBC_2.31",
        settled=True,
        proof=(Proof(kind="needed", what="GLIBC_2.34", by="a/x.so"),),
    )


@pytest.mark.parametrize("version", ["GLIBC_2.31", "GLIBC_2.4", "GLIBC_2.2.5"])
def test_versions_are_compared_as_numbers(version: str) -> None:
    assert conflicts({"a/x.so": built(version)}) == ()


def test_symbols_of_libstdcxx_are_the_systems_unless_it_brings_its_own() -> None:
    link = built("GLIBCXX_3.4.29", "CXXABI_1.3.12", of="libstdc++.so.6")
    (found,) = conflicts({"a/x.so": link})
    assert found.why == "its libraries need GLIBCXX_3.4.29, and the system has GLIBCXX_3.4.28"
    assert conflicts({"a/x.so": link, "a/libstdc++.so.6": Linkage(machine=X86_64)}) == ()
    led = msgspec.structs.replace(link, rpath=("/opt/lib",))
    there = {"/opt/lib": frozenset({"libstdc++.so.6"})}
    assert conflicts({"a/x.so": led}, msgspec.structs.replace(BULLSEYE, folders=there)) == ()


def test_what_was_loaded_fits_whatever_it_says() -> None:
    assert conflicts({"a/x.so": built("GLIBC_2.99")}, loaded=("a/x.so",)) == ()


@pytest.mark.parametrize(
    ("machine", "word"),
    [
        (AARCH64, "aarch64"),
        (Machine(number=62, bits=32), "32-bit x86_64"),
        (Machine(number=21, bits=64, little=True), "ppc64le"),
        (Machine(number=999, bits=64), "machine 999"),
    ],
)
def test_libraries_for_another_machine_alone_are_a_conflict(machine: Machine, word: str) -> None:
    (found,) = conflicts({"a/x.so": built("GLIBC_2.17", machine=machine)})
    assert found.kind == "platform"
    assert found.why == (f"its libraries are built for {word}, and this is x86_64 with glibc 2.31")
    assert found.proof == (Proof(kind="built-for", what=word, by="a/x.so"),)


def test_libraries_for_another_c_library_are_a_conflict() -> None:
    musl = Linkage(needed=("libc.musl-x86_64.so.1",), machine=X86_64)
    (found,) = conflicts({"a/x.so": musl})
    assert "another C library than glibc" in found.why
    assert conflicts({"a/x.so": musl}, ALPINE) == ()
    (found,) = conflicts({"a/x.so": built("GLIBC_2.17")}, ALPINE)
    assert found.why == "its libraries are built for glibc, and this is x86_64 with musl"


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        (("cp311-cp311-manylinux_2_34_x86_64",), False),
        (("cp311-cp311-manylinux_2_31_x86_64",), True),
        (("cp311-cp311-manylinux_2_34_x86_64", "cp311-cp311-manylinux_2_28_x86_64"), True),
        (("cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64",), True),
        (("cp311-cp311-manylinux1_x86_64",), True),
        (("cp311-cp311-manylinux2014_aarch64",), False),
        (("cp311-cp311-musllinux_1_2_x86_64",), False),
        (("cp311-cp311-linux_x86_64",), True),
        (("py3-none-any",), True),
        (("cp311-cp311-macosx_11_0_arm64",), True),
        (("cp311-cp311-manylinux_9_99_x86_64", "py3-none-any"), True),
        ((), True),
    ],
)
def test_the_tag_of_a_wheel_that_no_installer_would_take_here(
    tags: tuple[str, ...],
    fits: bool,  # noqa: FBT001
) -> None:
    found = conflicts({"a/x.so": built("GLIBC_2.17")}, tags=tags)
    assert [item.kind for item in found] == ([] if fits else ["platform"])


def test_a_tag_and_a_library_that_say_so_are_one_conflict() -> None:
    tags = ("cp311-cp311-manylinux_2_34_x86_64",)
    (found,) = conflicts({"a/x.so": built("GLIBC_2.34")}, tags=tags)
    assert found.why == (
        "its libraries need GLIBC_2.34, and the system has GLIBC_2.31;"
        " its wheel is for manylinux_2_34_x86_64, and this is x86_64 with glibc 2.31"
    )


@pytest.mark.parametrize(
    "system",
    [
        System(),
        System(machine=X86_64),
        msgspec.structs.replace(BULLSEYE, version=""),
        msgspec.structs.replace(BULLSEYE, libc=""),
    ],
)
def test_nothing_is_said_of_a_system_that_is_not_known(system: System) -> None:
    tags = ("cp311-cp311-manylinux_2_99_x86_64",)
    assert conflicts({"a/x.so": built("GLIBC_2.99")}, system, tags) == ()


def test_the_tag_of_a_wheel_for_alpine_fits_there() -> None:
    link = {"a/x.so": Linkage(needed=("libc.musl-x86_64.so.1",), machine=X86_64)}
    assert conflicts(link, ALPINE, ("cp311-cp311-musllinux_1_2_x86_64",)) == ()
    assert conflicts(link, ALPINE, ("cp311-cp311-manylinux_2_17_x86_64",)) != ()
