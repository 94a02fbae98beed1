"""What is there for a GPU, and what of it stays where none was."""

from collections.abc import Mapping, Sequence

from pruner.analysis.gpu import GpuKnown, GpuRow, Told, for_a_gpu, not_seen
from pruner.analysis.linkage import Linkage
from pruner.model import Distribution, Inventory, Level, OwnedFile, Proof

SITE = "/env/site-packages"


def installed(files: Mapping[str, Sequence[str]], **requires: str) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=tuple(
            Distribution(
                name=name, version="1", files=tuple(OwnedFile(f"{SITE}/{path}") for path in paths)
            )
            for name, paths in files.items()
        ),
        requires={name.replace("_", "-"): tuple(needs.split()) for name, needs in requires.items()},
    )


def test_what_is_there_for_a_gpu() -> None:
    inventory = installed(
        {
            "nvidia-cublas-cu12": ["nvidia/cublas/lib/libcublas.so.12"],
            "kernels": ["kernels/_c.so", "kernels/__init__.py"],
            "torch": ["torch/lib/libtorch_cuda.so", "torch/lib/libc10.so"],
            "onnxruntime-gpu": ["onnxruntime/capi/libonnxruntime_providers_cuda.so"],
            "plain": ["plain.py"],
        }
    )
    needs = Linkage(needed=("libc.so.6", "libcudart.so.12"))
    linkage = {
        f"{SITE}/kernels/_c.so": needs,
        f"{SITE}/torch/lib/libtorch_cuda.so": needs,
        f"{SITE}/torch/lib/libc10.so": Linkage(needed=("libc.so.6",)),
        f"{SITE}/onnxruntime/capi/libonnxruntime_providers_cuda.so": needs,
    }
    rows = (
        GpuRow(distribution="nvidia-*-cu1[0-9]"),
        GpuRow(distribution="onnxruntime-gpu", only=False),
    )
    told = for_a_gpu(inventory, linkage, GpuKnown(rows=rows, sonames=("libcudart.so.1[0-9]",)))
    assert told.only == {"nvidia-cublas-cu12", "kernels"}
    assert told.built == told.only | {"onnxruntime-gpu"}


LIBRARY = ["nvidia/{0}/__init__.py", "nvidia/{0}/lib/lib{0}.so.1"]


def test_what_stays_though_no_run_without_a_gpu_could_use_it() -> None:
    only = ["blas", "dnn", "asked", "stray", "spare", "plugin", "unasked", "typed", "tried"]
    inventory = installed(
        {
            "flow": ["flow.py"],
            "gone": ["gone.py"],
            "toolkit": [f"toolkit-1.dist-info/{name}" for name in ("METADATA", "RECORD")],
            **{name: [part.format(name) for part in LIBRARY] for name in only[:5]},
            **{name: [f"{name}.py"] for name in only[5:]},
        },
        flow="dnn plugin",
        dnn="blas",
        toolkit="spare",
        gone="stray",
    )
    guarded = {
        "typed": (Proof(kind="import (type-checking)", what="typed", by="flow.py:1"),),
        "tried": (Proof(kind="import (try)", what="tried", by="flow.py:2"),),
    }
    found = not_seen(Told(only=frozenset(only)), inventory, guarded, {"flow"})
    said = {
        level: {key: (rows[0].kind, rows[0].by) for key, rows in proofs.items()}
        for level, proofs in found.items()
    }
    assert said == {
        Level.LINKED: {
            "dnn": ("gpu", "flow"),
            "blas": ("gpu", "dnn"),
            "spare": ("gpu", "toolkit"),
            "asked": ("gpu library", None),
        },
        Level.REACHABLE: {"plugin": ("gpu", "flow"), "tried": ("gpu import", "flow.py:2")},
    }
    assert not_seen(Told(), inventory, guarded, {"flow"}) == {}
