"""What nothing here offers to the libraries of what stays."""

from collections.abc import Iterable, Mapping

import msgspec
import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.linkage import Linkage
from pruner.analysis.offers import Scene
from pruner.analysis.system import Machine, System
from pruner.analysis.unmet import Consequence, Known, unmet
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

SITE = "/env/lib/python3.11/site-packages"
X86_64 = Machine(number=62, bits=64)
SYSTEM = System(
    libc="glibc",
    version="2.36",
    machine=X86_64,
    libraries={
        "libc.so.6": "/lib/libc.so.6",
        "libm.so.6": "/lib/libm.so.6",
        "libstdc++.so.6": "/usr/lib/libstdc++.so.6",
    },
    symbols={"GLIBCXX": "3.4.30", "CXXABI": "1.3.13"},
)
KNOWN = (
    Known(soname="libGL.so.1", debian="libgl1", what="OpenGL"),
    Known(soname="libcublasLt.so.11", provides="nvidia-cublas-cu11", what="CUDA 11"),
    Known(soname="libcudart.so.11.0", provides="nvidia-cuda-runtime-cu11", what="CUDA 11"),
    Known(soname="libcublasLt.so.12", provides="nvidia-cublas-cu12", what="CUDA 12"),
    Known(soname="libmine-*.so.1", driver=True),
)
EFFECTS = (
    Consequence(
        library="libonnxruntime_providers_cuda.so",
        what="the CUDA provider will not load; it runs on the CPU without an error",
    ),
)
CUDA_11 = ("libcublasLt.so.11", "libcudart.so.11.0", "libc.so.6")
PROVIDER = "onnxruntime/capi/libonnxruntime_providers_cuda.so"


class Packages:
    """Distributions by key -> path below site-packages -> what that library says."""

    def __init__(self, **dists: Mapping[str, Linkage | None]) -> None:
        self.dists = {key.replace("_", "-"): dict(files) for key, files in dists.items()}
        self.requires: dict[str, tuple[str, ...]] = {}
        self.system = SYSTEM
        self.loaded: tuple[str, ...] = ()
        self.dropped: set[str] = set()

    def scene(self) -> Scene:
        trace = Trace(
            agent="a",
            status=AgentStatus.OK,
            seconds=1.0,
            loaded=tuple(
                Loaded(kind="library", what=path.rpartition("/")[2], file=f"{SITE}/{path}")
                for path in self.loaded
            ),
        )
        inventory = Inventory(
            python="3.11.2",
            executable="/env/bin/python",
            markers={},
            site_dirs=(SITE,),
            stdlib_dirs=(),
            distributions=tuple(
                Distribution(
                    name=key,
                    version="1",
                    files=tuple(OwnedFile(f"{SITE}/{path}", path, 1) for path in files),
                    managed=bool(files),
                )
                for key, files in self.dists.items()
            ),
            requires=self.requires,
        )
        return Scene(
            inventory=inventory,
            linkage={
                f"{SITE}/{path}": link
                for files in self.dists.values()
                for path, link in files.items()
                if link is not None
            },
            system=self.system,
            kept=frozenset(self.dists) - self.dropped,
            traces=(trace,),
        )

    def conflicts(self) -> tuple[Conflict, ...]:
        scene = self.scene()
        return unmet(scene, Ownership(scene.inventory), KNOWN, EFFECTS)

    def missing(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for conflict in self.conflicts():
            for proof in conflict.proof:
                found.setdefault(proof.by or "", set()).add(proof.what)
        return found


def needs(*names: str, rpath: Iterable[str] = (), soname: str | None = None) -> Linkage:
    return Linkage(needed=names, rpath=tuple(rpath), soname=soname, machine=X86_64)


def test_what_nothing_offers_is_told_with_the_file_the_name_and_who_would_have_it() -> None:
    installed = Packages(cv2={"cv2/cv2.abi3.so": needs("libc.so.6", "libGL.so.1")})
    (found,) = installed.conflicts()
    assert found == Conflict(
        kind="library",
        distributions=("cv2",),
        why="cv2/cv2.abi3.so, without which none of its native code runs, cannot load: nothing here"
        " has libGL.so.1 (Debian's libgl1)",
        settled=True,
        proof=(Proof(kind="needed", what="libGL.so.1", by="cv2/cv2.abi3.so"),),
    )


OWN = {
    "lies beside it": {"a/x.so": needs("libown.so.1"), "a/libown.so.1": needs()},
    "has the name inside": {"a/x.so": needs("libown.so.1"), "a/o.so": needs(soname="libown.so.1")},
    "auditwheel put it there": {
        "a/x.so": needs("libown-1a2b.so.1", rpath=["$ORIGIN/../a.libs"]),
        "a.libs/libown-1a2b.so.1": needs(soname="libown-1a2b.so.1"),
    },
    "an extension module": {"a/x.so": needs("_y.abi3.so"), "a/_y.abi3.so": needs()},
}


@pytest.mark.parametrize("files", list(OWN.values()), ids=list(OWN))
def test_what_its_own_distribution_has_is_offered(files: dict[str, Linkage]) -> None:
    assert Packages(a=files).missing() == {}


def test_an_rpath_that_leads_to_another_distribution_offers_what_lies_there() -> None:
    rpath = ["$ORIGIN/../b/lib"]
    other = {"b/lib/libb.so.1": needs(), "b/elsewhere/libc2.so.1": needs()}
    assert Packages(a={"a/x.so": needs("libb.so.1", rpath=rpath)}, b=other).missing() == {}
    # Whoever loaded it may have brought more, by another library of the same distribution.
    files = {"a/x.so": needs(rpath=rpath), "a/y.so": needs("libc2.so.1")}
    assert Packages(a=files, b={**other, "b/lib/libc2.so.1": needs()}).missing() == {}


def test_what_a_requirement_has_is_offered_and_what_a_stranger_has_is_not() -> None:
    installed = Packages(
        a={"a/x.so": needs("libb.so.1")}, between={"m.py": None}, b={"b/libb.so.1": needs()}
    )
    assert installed.missing() == {"a/x.so": {"libb.so.1"}}
    assert "cannot load by itself: nothing leads it to libb.so.1, which b has" in (
        installed.conflicts()[0].why
    )
    installed.requires = {"a": ("between",), "between": ("b",)}
    assert installed.missing() == {}


def test_what_a_trace_mapped_is_offered_and_has_all_that_it_needs() -> None:
    installed = Packages(
        a={"a/x.so": needs("libb.so.1")}, b={"b/libb.so.1": needs("libnowhere.so.7")}
    )
    assert installed.missing() == {"a/x.so": {"libb.so.1"}, "b/libb.so.1": {"libnowhere.so.7"}}
    installed.loaded = ("b/libb.so.1",)
    assert installed.missing() == {}


def test_a_private_copy_of_auditwheel_is_nobody_elses() -> None:
    installed = Packages(
        a={"a/x.so": needs("libz.so.1")}, b={"b.libs/libz.5b12a8bb.so.1": needs(soname="libz.so.1")}
    )
    installed.requires = {"a": ("b",)}
    assert installed.missing() == {"a/x.so": {"libz.so.1"}}


def test_folders_outside_of_distributions_offer_what_the_system_has_there() -> None:
    installed = Packages(
        a={"a/x.so": needs("libx.so.1", "/usr/odd/liby.so", rpath=["$ORIGIN/../../../opt"])}
    )
    opt = "/env/lib/opt"
    assert installed.missing() == {"a/x.so": {"libx.so.1", "/usr/odd/liby.so"}}
    there = {opt: frozenset({"libx.so.1"}), "/usr/odd": frozenset({"liby.so"})}
    installed.system = msgspec.structs.replace(SYSTEM, folders=there)
    assert installed.missing() == {}


@pytest.mark.parametrize("name", ["libcuda.so.1", "libnvidia-ml.so.1", "libmine-x.so.1"])
def test_the_driver_is_nobodys_to_bring(name: str) -> None:
    assert Packages(a={"a/x.so": needs(name)}).missing() == {}


def test_a_part_that_nothing_loaded_is_a_note() -> None:
    files = {"a/_a.abi3.so": needs("libc.so.6"), "a/plugin.abi3.so": needs("libodd.so.3")}
    (found,) = Packages(a=files).conflicts()
    assert (found.settled, found.note) == (True, True)
    assert found.why == "a/plugin.abi3.so cannot load: nothing here has libodd.so.3"


def test_all_of_it_fails_where_its_modules_need_what_fails() -> None:
    files = {
        "a/_a.abi3.so": needs("libcore.so"),
        "a/libcore.so": needs("libodd.so.3"),
        "a/libfree.so": needs(),
    }
    (found,) = Packages(a=files).conflicts()
    assert not found.note
    assert found.why.startswith("a/_a.abi3.so, without which none of its native code runs, cannot")
    installed = Packages(a=files)
    installed.loaded = ("a/_a.abi3.so", "a/libcore.so")
    assert installed.conflicts() == ()


def onnxruntime(*, cuda: str, runtime: str = "") -> Packages:
    runtime = runtime or cuda
    return Packages(
        onnxruntime_gpu={
            "onnxruntime/capi/pybind.cpython-311-x86_64-linux-gnu.so": needs("libc.so.6"),
            PROVIDER: needs(*CUDA_11, rpath=["$ORIGIN"]),
            "onnxruntime/capi/libonnxruntime_providers_tensorrt.so": needs("libnvinfer.so.8"),
        },
        nvidia_cublas={f"nvidia/cublas/lib/libcublasLt.so.{cuda}": needs()},
        nvidia_cuda_runtime={f"nvidia/cuda_runtime/lib/libcudart.so.{runtime}": needs()},
    )


def test_another_cuda_than_the_one_that_is_here_is_for_a_person_to_settle() -> None:
    told, tensorrt = sorted(onnxruntime(cuda="12").conflicts(), key=lambda item: item.settled)
    assert told.distributions == ("onnxruntime-gpu",)
    assert told.why == (
        f"{PROVIDER} cannot load: nothing here has libcublasLt.so.11 and libcudart.so.11.0"
        " (nvidia-cublas-cu11 and nvidia-cuda-runtime-cu11), but libcublasLt.so.12 and"
        " libcudart.so.12; the CUDA provider will not load; it runs on the CPU without an error"
    )
    assert [proof.what for proof in told.proof] == ["libcublasLt.so.11", "libcudart.so.11.0"]
    first, second = told.choices
    assert first.what == "a version of onnxruntime-gpu that is built for CUDA 12"
    assert second.config == "nvidia-cublas-cu11\nnvidia-cuda-runtime-cu11"
    assert (tensorrt.settled, tensorrt.note) == (True, True)


def test_a_wheel_with_one_library_for_each_cuda_opens_the_one_that_fits() -> None:
    """As bitsandbytes has them: those for other versions are nobody's to settle."""
    installed = Packages(
        bits={
            "bits/libbits_cuda117.so": needs("libcublasLt.so.11", "libcudart.so.11.0"),
            "bits/libbits_cuda121.so": needs("libcublasLt.so.12"),
        },
        nvidia_cublas={"nvidia/cublas/lib/libcublasLt.so.12": needs(soname="libcublasLt.so.12")},
        torch={},
    )
    installed.requires = {"bits": ("torch",), "torch": ("nvidia-cublas",)}
    assert all(item.settled and item.note for item in installed.conflicts())
    assert installed.missing() == {
        "bits/libbits_cuda117.so": {"libcublasLt.so.11", "libcudart.so.11.0"}
    }
    del installed.dists["bits"]["bits/libbits_cuda121.so"]
    assert not all(item.settled for item in installed.conflicts())


def test_no_cuda_at_all_is_only_told_with_what_will_happen() -> None:
    installed = onnxruntime(cuda="12")
    del installed.dists["nvidia-cublas"], installed.dists["nvidia-cuda-runtime"]
    told = [item for item in installed.conflicts() if not item.note]
    assert [(item.settled, item.choices) for item in told] == [(True, ())]
    assert told[0].why.endswith("it runs on the CPU without an error")


def test_the_right_cuda_that_nothing_leads_to_is_told_so() -> None:
    (found,) = (
        item for item in onnxruntime(cuda="11", runtime="11.0").conflicts() if not item.note
    )
    assert found.settled
    assert (
        "cannot load by itself: nothing leads it to libcublasLt.so.11 and libcudart.so.11.0,"
        " which nvidia-cublas and nvidia-cuda-runtime have" in found.why
    )


def test_only_what_is_not_here_is_said_not_to_be() -> None:
    wrong, elsewhere, _ = onnxruntime(cuda="11", runtime="12").conflicts()
    assert (wrong.note, elsewhere.note) == (False, True)  # one line about one library
    assert "nothing here has libcudart.so.11.0 (nvidia-cuda-runtime-cu11), but" in wrong.why
    assert "nothing leads it to libcublasLt.so.11, which nvidia-cublas has" in elsewhere.why


def test_cuda_of_the_system_counts_too() -> None:
    installed = Packages(a={"a/libp.so": needs("libcudart.so.11.0")})
    libraries = {**SYSTEM.libraries, "libcudart.so.12": "/usr/local/cuda/lib64/libcudart.so.12"}
    installed.system = msgspec.structs.replace(SYSTEM, libraries=libraries)
    (found,) = installed.conflicts()
    assert not found.settled
    assert "but libcudart.so.12" in found.why


def test_what_was_left_out_is_not_told_of_and_offers_nothing() -> None:
    installed = Packages(a={"a/x.so": needs("libb.so.1")}, b={"b/libb.so.1": needs("libno.so")})
    installed.requires = {"a": ("b",)}
    installed.dropped = {"b"}
    assert installed.missing() == {"a/x.so": {"libb.so.1"}}
    assert "(b, which is left out)" in installed.conflicts()[0].why
    installed.dropped = {"a", "b"}
    assert installed.conflicts() == ()


def test_an_rpath_into_what_was_left_out_offers_nothing() -> None:
    installed = Packages(
        a={"a/x.so": needs("libb.so.1", rpath=["$ORIGIN/../b"])}, b={"b/libb.so.1": needs()}
    )
    folders = {f"{SITE}/b": frozenset({"libb.so.1"})}  # it lies there still
    installed.system = msgspec.structs.replace(SYSTEM, folders=folders)
    assert installed.missing() == {}
    installed.dropped = {"b"}
    assert installed.missing() == {"a/x.so": {"libb.so.1"}}


@pytest.mark.parametrize(
    "other",
    [
        Linkage(needed=("libno.so",), machine=Machine(number=183, bits=64)),
        Linkage(needed=("libno.so",), machine=Machine(number=62, bits=32)),
        Linkage(needed=("libno.so", "libc.musl-x86_64.so.1"), machine=X86_64),
        Linkage(needed=("liblog.so", "libc.so"), machine=X86_64),
        Linkage(error="HostileError: not an ELF file"),
    ],
)
def test_a_library_for_another_system_beside_one_that_fits_is_no_conflict(other: Linkage) -> None:
    assert Packages(a={"a/one.so": needs("libc.so.6"), "a/two.so": other}).conflicts() == ()


@pytest.mark.parametrize(
    "system",
    [System(), System(libc="glibc", version="2.36"), System(libc="musl", machine=X86_64)],
)
def test_nothing_is_said_where_the_system_could_not_be_read(system: System) -> None:
    installed = Packages(a={"a/x.so": needs("libno.so.1", "libc.so.6", rpath=["$ORIGIN"])})
    installed.system = system
    assert [item for item in installed.conflicts() if item.kind == "library"] == []


def test_what_has_no_record_or_no_libraries_has_no_conflicts() -> None:
    # A Debian package, one without RECORD, and an editable install bring no files to the inventory.
    assert Packages(debian={}, editable={"__editable__.pth": None}).conflicts() == ()


def test_a_file_that_two_distributions_claim_is_asked_of_the_one_on_disk() -> None:
    scene = Packages(a={"s/x.so": needs("libno.so")}, b={"s/x.so": None}).scene()
    first, second = scene.inventory.distributions
    inventory = msgspec.structs.replace(
        scene.inventory,
        distributions=(
            msgspec.structs.replace(first, files=(OwnedFile(f"{SITE}/s/x.so", "ha", 1),)),
            msgspec.structs.replace(second, files=(OwnedFile(f"{SITE}/s/x.so", "hb", 1),)),
        ),
        on_disk={f"{SITE}/s/x.so": "hb"},
    )
    scene = msgspec.structs.replace(
        scene, inventory=inventory, linkage={f"{SITE}/s/x.so": needs("libno.so")}
    )
    assert [item.distributions for item in unmet(scene, Ownership(inventory))] == [("b",)]


def test_proofs_and_names_are_few() -> None:
    files = {f"a/x{number}.so": needs(f"libno{number}.so") for number in range(60)}
    (found,) = Packages(a=files).conflicts()
    assert len(found.proof) == 40
    assert "a/x0.so and 59 more" in found.why
    assert "libno0.so, libno1.so, libno10.so and 57 more" in found.why
