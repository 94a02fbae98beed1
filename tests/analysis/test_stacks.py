"""Several CUDA stacks, told by the parts that are there in two versions."""

from pruner.analysis.linkage import Linkage
from pruner.analysis.stacks import stacks
from pruner.model import Distribution, Inventory, OwnedFile, Verdict

SITE = "/env/site-packages"


def found(files: dict[str, list[str]], *drop: str) -> list[tuple[tuple[str, ...], str]]:
    dists = tuple(
        Distribution(
            name=name,
            version="1",
            files=tuple(OwnedFile(f"{SITE}/{name}/{lib}", None, 10_000_000) for lib in libs),
        )
        for name, libs in files.items()
    )
    inventory = Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=dists,
    )
    rows = [
        Verdict(
            name=name,
            version="1",
            verdict="drop" if name in drop else "keep",
            level="linked",
            size_bytes=0,
            why="…",
        )
        for name in files
    ]
    linkage = {
        file.path: Linkage(soname=file.path.rpartition("/")[2])
        for dist in dists
        for file in dist.files
    }
    return [
        (row.distributions, row.why.partition(":")[0]) for row in stacks(inventory, linkage, rows)
    ]


TWELVE = {"cublas-cu12": ["libcublas.so.12"], "cufft-cu12": ["libcufft.so.11"]}


def test_one_stack_has_parts_of_several_versions() -> None:
    assert found({**TWELVE, "curand-cu12": ["libcurand.so.10"], "x": ["libx.so.1"]}) == []


def test_two_stacks() -> None:
    eleven = {"cublas-cu11": ["libcublas.so.11"], "cudart-cu11": ["libcudart.so.11.0"]}
    assert found({**TWELVE, **eleven}) == [
        (("cublas-cu11", "cublas-cu12"), "more than one CUDA is here, in 20 MB")
    ]
    assert found({**TWELVE, **eleven}, "cublas-cu11") == []


def test_what_auditwheel_has_copied_counts() -> None:
    assert found({**TWELVE, "torch": ["libcublas-0d1f2a3b.so.11.4"]}) == [
        (("cublas-cu12", "torch"), "more than one CUDA is here, in 20 MB")
    ]


def test_cudnn_is_told_apart() -> None:
    assert found({"a": ["libcudnn.so.8"], "b": ["libcudnn.so.9"]}) == [
        (("a", "b"), "more than one cuDNN is here, in 20 MB")
    ]
    assert found({"a": ["libcudnn.so.8", "libcudnn.so.9"]}) == []
