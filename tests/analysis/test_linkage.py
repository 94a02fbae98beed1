from collections.abc import Iterable, Mapping

import pytest

from pruner.analysis.linkage import Linkage, is_library, links
from pruner.model import Distribution, Inventory, OwnedFile, Proof

SITE = "/env/lib/python3.11/site-packages"
LINALG = "torch/lib/libtorch_cuda_linalg.so"
CUSOLVER = "nvidia/cusolver/lib/libcusolver.so.11"
RPATH = ("$ORIGIN/../../nvidia/cusolver/lib", "$ORIGIN")


def inventory(on_disk: Mapping[str, str] | None = None, /, **dists: tuple[str, ...]) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=tuple(
            Distribution(
                name=name,
                version="1",
                files=tuple(OwnedFile(f"{SITE}/{path}", f"{name}:{path}", 1) for path in paths),
            )
            for name, paths in dists.items()
        ),
        on_disk={f"{SITE}/{path}": digest for path, digest in (on_disk or {}).items()},
    )


def asks_of(**by_path: Linkage) -> dict[str, Linkage]:
    return {f"{SITE}/{path}": link for path, link in by_path.items()}


def linked(
    installed: Inventory, linkage: Mapping[str, Linkage], roots: Iterable[str]
) -> dict[str, tuple[Proof, ...]]:
    return links(installed, linkage, roots).proofs


def test_a_library_that_was_not_loaded_keeps_what_it_needs() -> None:
    found = linked(
        inventory(torch=("torch/__init__.py", LINALG), cusolver=(CUSOLVER,), other=("o.so",)),
        asks_of(**{LINALG: Linkage(needed=("libcusolver.so.11", "libc.so.6"), rpath=RPATH)}),
        ["torch"],
    )
    proof = Proof(kind="linked", what="libcusolver.so.11", by=f"{SITE}/{LINALG}")
    assert found == {"cusolver": (proof,)}


def test_what_is_needed_needs_others_in_turn_also_in_circles() -> None:
    found = linked(
        inventory(a=("a/liba.so",), b=("b/libb.so",), c=("c/libc2.so",)),
        asks_of(
            **{
                "a/liba.so": Linkage(needed=("libb.so",)),
                "b/libb.so": Linkage(dlopens=("libc2.so",)),
                "c/libc2.so": Linkage(needed=("liba.so",)),
            }
        ),
        ["a"],
    )
    assert list(found) == ["b", "c"]
    assert found["c"][0].by == f"{SITE}/b/libb.so"


def test_nothing_is_returned_for_roots_that_are_not_installed_or_have_no_libraries() -> None:
    assert linked(inventory(a=("a/liba.so",), b=("b.py",)), {}, ["a", "b", "gone"]) == {}


def test_a_name_of_its_own_needs_nobody_else() -> None:
    found = linked(
        inventory(a=("a/liba.so", "a.libs/libz-1.so.1"), b=("b/libz.so.1",)),
        asks_of(
            **{
                "a/liba.so": Linkage(needed=("libz.so.1",)),
                "a.libs/libz-1.so.1": Linkage(soname="libz.so.1"),
            }
        ),
        ["a"],
    )
    assert found == {}


def test_the_folder_that_rpath_leads_to_comes_before_its_own_and_before_any_other() -> None:
    found = linked(
        inventory(
            a=("a/lib/liba.so", "a/other/libx.so.1"), b=("b/lib/libx.so.1",), c=("c/libx.so.1",)
        ),
        asks_of(
            **{"a/lib/liba.so": Linkage(needed=("libx.so.1",), rpath=("${ORIGIN}/../../b/lib",))}
        ),
        ["a"],
    )
    assert list(found) == ["b"]


def test_a_private_copy_of_a_system_library_is_nobody_elses() -> None:
    # torchvision 0.17.2 has a libz whose SONAME is still libz.so.1; triton 2.2.0 needs the system's
    found = linked(
        inventory(triton=("triton/_C/libtriton.so",), vision=("vision.libs/libz.5b12a8bb.so.1",)),
        asks_of(
            **{
                "triton/_C/libtriton.so": Linkage(needed=("libz.so.1",)),
                "vision.libs/libz.5b12a8bb.so.1": Linkage(soname="libz.so.1"),
            }
        ),
        ["triton"],
    )
    assert found == {}


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (Linkage(dlopens=("libnvrtc.so",)), ["nvrtc"]),
        (Linkage(needed=("libnvrtc.so",)), []),  # the loader adds no version
        (Linkage(dlopens=("libnvrtc.so.11",)), []),
    ],
)
def test_a_name_to_open_may_leave_its_version_out(link: Linkage, wanted: list[str]) -> None:
    installed = inventory(a=("a/liba.so",), nvrtc=("n/libnvrtc.so.12",))
    assert list(linked(installed, asks_of(**{"a/liba.so": link}), ["a"])) == wanted


def test_a_name_without_a_version_means_the_file_of_that_name_where_there_is_one() -> None:
    installed = inventory(a=("a/liba.so",), b=("b/libx.so.1",), c=("c/libx.so",))
    found = linked(installed, asks_of(**{"a/liba.so": Linkage(dlopens=("libx.so",))}), ["a"])
    assert list(found) == ["c"]


def test_of_several_that_have_it_the_one_that_stays_anyway_will_do() -> None:
    installed = inventory(a=("a/liba.so",), b=("b/libx.so.1",), c=("c/libx.so.1",))
    asks = asks_of(**{"a/liba.so": Linkage(needed=("libx.so.1",))})
    assert linked(installed, asks, ["a", "c"]) == {}
    assert list(linked(installed, asks, ["a"])) == ["b", "c"]


def test_one_that_turns_out_to_stay_later_will_do_as_well() -> None:
    installed = inventory(
        a=("a/liba.so",), b=("b/libx.so.1",), c=("c/libx.so.1",), d=("d/libd.so",)
    )
    asks = asks_of(
        **{
            "a/liba.so": Linkage(needed=("libx.so.1", "libd.so")),
            "d/libd.so": Linkage(needed=("libx.so.1",), rpath=(f"{SITE}/c",)),
        }
    )
    assert list(linked(installed, asks, ["a"])) == ["c", "d"]


def test_a_file_of_two_distributions_belongs_to_the_one_that_is_on_the_disk() -> None:
    installed = inventory(
        {"s/libs.so": "c:s/libs.so"}, a=("a.so",), b=("s/libs.so",), c=("s/libs.so",)
    )
    found = linked(installed, asks_of(**{"a.so": Linkage(needed=("libs.so",))}), ["a"])
    assert list(found) == ["c"]


def test_proofs_are_few() -> None:
    paths = tuple(f"a/lib{n}.so" for n in range(20))
    asks = asks_of(**dict.fromkeys(paths, Linkage(needed=("libb.so",))))
    found = linked(inventory(a=paths, b=("b/libb.so",)), asks, ["a"])
    assert [proof.by for proof in found["b"]] == [f"{SITE}/{path}" for path in sorted(paths)[:5]]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/a/x.so", True),
        ("/a/_x.cpython-311-x86_64-linux-gnu.so", True),
        ("/a/libx.so.1.2.3", True),
        ("/a/libarrow.so.2600", True),
        ("/a/x.so.py", False),
        ("/a/x.some", False),
        ("/a/so", False),
        ("/a.so/x.py", False),
    ],
)
def test_a_library_is_known_by_its_name(path: str, answer: bool) -> None:  # noqa: FBT001
    assert is_library(path) is answer


def test_an_extension_module_is_no_library_to_anybody() -> None:
    # pandas has lib.cpython-311-x86_64-linux-gnu.so, and scipy's data name such a file.
    name = "lib.cpython-311-x86_64-linux-gnu.so"
    asks = asks_of(**{"scipy/x.so": Linkage(dlopens=(name,))})
    assert (
        linked(inventory(scipy=("scipy/x.so",), pandas=(f"pandas/{name}",)), asks, ["scipy"]) == {}
    )


def test_who_asks_is_known_of_what_stays_anyway_too() -> None:
    asks = asks_of(
        **{"a/liba.so": Linkage(needed=("libb.so",)), "b/libb.so": Linkage(needed=("liba.so",))}
    )
    found = links(inventory(a=("a/liba.so",), b=("b/libb.so",)), asks, ["a", "b"])
    assert found.proofs == {}
    assert found.users == {"a": ("b",), "b": ("a",)}
