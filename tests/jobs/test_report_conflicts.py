"""How conflicts are printed: first what somebody has to choose; what is a note is counted."""

import io

from rich.console import Console

from pruner.document import SCHEMA, Document
from pruner.model import Choice, Conflict
from pruner.report.text import show

TORCHAUDIO = Conflict(
    kind="library", distributions=("torchaudio",), why="x cannot load", settled=True, note=True
)
OPENCV = Conflict(
    kind="library",
    distributions=("opencv-python",),
    why="cv2/cv2.abi3.so cannot load: nothing here has libGL.so.1 (Debian's libgl1)",
    settled=True,
)
CUDA = Conflict(
    kind="library",
    distributions=("onnxruntime-gpu",),
    why="nothing here has libcublasLt.so.11, but libcublasLt.so.12\x1b[2J",
    settled=False,
    choices=(
        Choice(what="a version for CUDA 12", config="onnxruntime-gpu==VERSION"),
        Choice(what="both beside each other", config="nvidia-a-cu11\nnvidia-b-cu11"),
    ),
)


def printed(*conflicts: Conflict) -> list[str]:
    document = Document(
        schema=SCHEMA,
        image="app",
        runtime="local",
        policy="minimal",
        python="3.11.2",
        conflicts=conflicts,
    )
    file = io.StringIO()
    show(document, Console(file=file, width=80, color_system=None), everything=False)
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def test_conflicts_are_printed_in_80_columns() -> None:
    assert printed(TORCHAUDIO, OPENCV, CUDA) == [
        "conflict library onnxruntime-gpu: nothing here has libcublasLt.so.11, but",
        "libcublasLt.so.12?[2J",
        "  either a version for CUDA 12:",
        "    onnxruntime-gpu==VERSION",
        "  or both beside each other:",
        "    nvidia-a-cu11",
        "    nvidia-b-cu11",
        "conflict library opencv-python: cv2/cv2.abi3.so cannot load: nothing here has",
        "libGL.so.1 (Debian's libgl1)",
        "torchaudio has libraries that cannot load here; no run used them",
        "no lock: a conflict is not settled; see its choices above",
    ]


def test_nothing_is_printed_where_there_is_none() -> None:
    assert printed() == []
    second = Conflict(kind="library", distributions=("numba",), why="x", settled=True, note=True)
    assert printed(TORCHAUDIO, second) == [
        "numba, torchaudio have libraries that cannot load here; no run used them"
    ]
