"""What is offered where a distribution is built for another CUDA than the rest."""

from pruner.analysis.cuda import Build, Feed, Releases, anchors, choices
from pruner.analysis.rivals import Family, Member
from pruner.model import Distribution, Inventory

GPU = "onnxruntime-gpu"
BUILDS = (
    Build(distribution="torch", version="2.1.2", cuda="12.1", cudnn="8.9"),
    Build(distribution="torch", version="2.2.2", cuda="12.1", cudnn="8.9"),
    Build(distribution="torch", version="2.2.2", local="cu118", cuda="11.8", cudnn="8.7"),
    Build(distribution="torch", version="2.4.0", cuda="12.1", cudnn="9.1"),
    Build(distribution="torch", version="2.4.1", cuda="12.1", cudnn="9.1"),
    Build(distribution="torch", version="2.5.1", cuda="12.4", cudnn="9.1"),
    Build(distribution=GPU, version="1.17.1", cuda="11.8", cudnn="8"),
    Build(distribution=GPU, version="1.18.1", cuda="11.8", cudnn="8"),
    Build(distribution=GPU, version="1.19.0", cuda="12", cudnn="9"),
    Build(distribution=GPU, version="1.19.2", cuda="12", cudnn="9"),
    Build(distribution=GPU, version="1.20.1", cuda="12", cudnn="9"),
)
ONNX = Family(
    name="onnxruntime",
    kind="builds",
    imports=("onnxruntime",),
    members=(Member(distribution="onnxruntime", gpu=False), Member(distribution=GPU, gpu=True)),
)


FEEDS = (
    Feed(
        build=Build(distribution=GPU, version="1.17.1", cuda="12", cudnn="8"),
        what="a feed of theirs",
    ),
)


def environment(**versions: str) -> Inventory:
    return Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=("/env/site-packages",),
        stdlib_dirs=(),
        distributions=tuple(
            Distribution(name=name.replace("_", "-"), version=version)
            for name, version in versions.items()
        ),
    )


def offered(installed: Inventory, beside: dict[str, str] | None = None) -> list[str]:
    found = choices("vision", GPU, installed, Releases(BUILDS, FEEDS, [ONNX]), beside or {})
    return [choice.config.partition("  #")[0] for choice in found]


def test_no_release_fits_so_both_move_or_the_libraries_come_or_the_gpu_goes() -> None:
    installed = environment(torch="2.2.2", onnxruntime_gpu="1.17.1")
    beside = {
        "libcublasLt.so.11": "nvidia-cublas-cu11",
        "libcublas.so.11": "nvidia-cublas-cu11",
        "libcudart.so.11.0": "nvidia-cuda-runtime-cu11",
    }
    assert offered(installed, beside) == [
        'use = ["torch==2.4.1", "onnxruntime-gpu==1.19.2"]',
        'indexes = { "ADDRESS" = ["onnxruntime-gpu"] }',
        'use = ["nvidia-cublas-cu11", "nvidia-cuda-runtime-cu11"]',
        'use = ["onnxruntime==1.17.1"]',
    ]


def test_a_release_that_fits_is_the_first_choice() -> None:
    installed = environment(torch="2.4.0", onnxruntime_gpu="1.17.1", onnxruntime="1.18.0")
    assert offered(installed) == [
        'use = ["onnxruntime-gpu==1.19.2"]',
        'use = ["onnxruntime==1.18.0"]',
    ]
    older = environment(torch="2.2.2+cu118", onnxruntime_gpu="1.20.1")
    assert offered(older)[0] == 'use = ["onnxruntime-gpu==1.18.1"]'


def test_libraries_that_nobody_brings_are_no_choice() -> None:
    installed = environment(onnxruntime_gpu="1.17.1")
    assert offered(installed, {"libcublas.so.11": ""}) == ['use = ["onnxruntime==1.17.1"]']


def test_the_build_is_told_by_the_local_version() -> None:
    installed = environment(torch="2.2.2+cu118", onnxruntime_gpu="1.17.1")
    (found,) = anchors(GPU, installed, BUILDS)
    assert found.stack == ("11", "8")
    (found,) = anchors(GPU, environment(torch="2.2.2+cu121"), BUILDS)
    assert found.stack == ("12", "8")  # no row has it: its name says the one, its twin the other
    assert anchors(GPU, environment(torch="2.2.2+cpu"), BUILDS) == ()
    assert anchors(GPU, environment(torch="9.9"), BUILDS) == ()
