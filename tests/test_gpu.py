"""Images that ask for a GPU, on a machine that has none: what is asked, said, and not left out.

The side with a GPU cannot be run here: it is tested with answers that are made up.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from index import wheel
from pruner.document import Document, GpuCheck, GpuReport
from support import Done, project, run

pytestmark = pytest.mark.skipif(
    Path("/dev/nvidiactl").exists(), reason="what is said without a GPU, and one is here"
)
AVAILABLE = "torch.cuda.is_available()"
TORCH = """\
import os


class cuda:
    is_available = staticmethod(lambda: {available})
    device_count = staticmethod(lambda: 0)


class version:
    cuda = "12.1"
"""
ENGINE = """\
import os


def cuda_is_there():
    return os.path.exists("/dev/nvidiactl")


if cuda_is_there():
    import kernels


def draw(device):
    if device == "cuda":
        import plots
    import never
"""


def made(root: Path, wheels: Mapping[str, str], code: str, image: str = "gpu = true") -> Path:
    """Write a project whose distributions are these wheels."""
    for name, text in wheels.items():
        wheel(root / "index", name, "1.0", text)
    (root / "wheels").mkdir()
    for file in (root / "index").glob("*/*.whl"):
        file.rename(root / "wheels" / file.name)
    lines = "".join(f"{name}==1.0\n" for name in wheels)
    return project(
        root, image=image, code=code, requirements=f"--find-links wheels\nidna==3.10\n{lines}"
    )


def lock(place: Path, *more: str) -> Done:
    return run("lock", "--image", "app", "--runtime", "local", *more, cwd=place)


def document(place: Path, code: int = 0) -> Document:
    done = lock(place, "--json")
    assert done.code == code, done.err
    return done.document


@pytest.mark.parametrize("image", ["gpu = true", ""])
def test_what_a_branch_for_a_gpu_imports_stays_where_one_is_asked_for(
    image: str, tmp_path: Path
) -> None:
    wheels = {"engine": ENGINE, "kernels": "", "plots": "", "never": ""}
    place = made(tmp_path, wheels, "import engine\n", image)
    rows = {row.name: (row.verdict, row.level) for row in document(place).distributions}
    there = ("keep", "reachable") if image else ("drop", "guarded")
    assert rows["kernels"] == (("keep", "reachable") if image else ("drop", "unused"))
    assert rows["plots"] == there
    assert rows["never"] == ("drop", "guarded")


def test_a_session_of_onnxruntime_says_what_it_runs_on(tmp_path: Path) -> None:
    code = "import onnxruntime\n\nprint(onnxruntime.get_device())\n"
    place = project(
        tmp_path, image="gpu = true", code=code, requirements="onnxruntime==1.20.1\nnumpy==2.1.3\n"
    )
    said = "CPUExecutionProvider"
    found = document(place)
    assert found.gpu == GpuReport(
        asked=True,
        there=False,
        checks=(GpuCheck(what="onnxruntime session", before=said, after=said),),
    )
    assert found.confidence is not None
    assert any("no GPU was there" in line for line in found.confidence.because)
    again = run("verify", "app", "--runtime", "local", "--json", cwd=place)
    assert (again.code, again.document.gpu) == (0, found.gpu), again.err
    shown = run("verify", "app", "--runtime", "local", cwd=place)
    assert f"\nGPU: none was there; onnxruntime session: {said}\n" in shown.out


@pytest.mark.parametrize(
    ("available", "said"),
    [
        ("os.abort()", "failed: it was ended by signal 6"),
        ("os._exit(3)", "failed: it ended with 3"),
        ("1 / 0", "failed: ZeroDivisionError: division by zero"),
        ("'\\x1b[31mred'", "?[31mred"),
    ],
)
def test_whatever_a_library_does_is_an_answer(available: str, said: str, tmp_path: Path) -> None:
    place = made(tmp_path, {"torch": TORCH.format(available=available)}, "import torch\n")
    found = document(place)
    assert found.gpu is not None
    assert found.gpu.checks[0] == GpuCheck(what=AVAILABLE, before=said, after=said)


def test_what_the_lock_can_no_longer_do_is_a_difference(tmp_path: Path) -> None:
    finds = "__import__('importlib.util').util.find_spec('ker' + 'nels') is not None"
    wheels = {"torch": TORCH.format(available=finds), "kernels": ""}
    place = made(tmp_path, wheels, "import torch\n")
    found = document(place, code=1)
    assert found.proof is not None
    assert found.proof.differences == (f"{AVAILABLE} is False, not True",)
    assert found.gpu is not None
    assert found.gpu.checks[0] == GpuCheck(what=AVAILABLE, before="True", after="False")
    shown = lock(place)
    assert f"\nGPU: none was there; {AVAILABLE}: True, then False;" in shown.out


def test_an_image_for_no_gpu_is_not_asked(tmp_path: Path) -> None:
    place = made(tmp_path, {"torch": TORCH.format(available="True")}, "import torch\n", "")
    assert "gpu" not in json.loads(lock(place, "--json").out)


@pytest.mark.engine
def test_an_engine_without_a_gpu_is_asked_for_none(tmp_path: Path) -> None:
    done = run(
        "lock", "--image", "app", "--runtime", "docker", "--json",
        cwd=project(tmp_path, image="gpu = true"),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.document.gpu == GpuReport(asked=True, there=False)
