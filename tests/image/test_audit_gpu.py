"""CUDA in the base, in the wheels, in both, in neither."""

import pytest

from auditing import at, document, facts, of, requirements, verdict
from pruner.audit.values import Built, Layer

SLIM, CUDA = "FROM python:3.11-slim\n", "FROM nvidia/cuda:12.3.0-runtime-ubuntu22.04\n"
ASKED = "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\n"
CODES = ("PRN202", "PRN203", "PRN204", "PRN205", "PRN219")

CASES = {
    # Dockerfile, gpu, requirements, codes
    "wheels-on-a-slim-base": (SLIM + ASKED, True, ["torch==2.2.2"], []),
    "wheels-that-nothing-asks-for": (SLIM, True, ["torch==2.2.2"], ["PRN204"]),
    "half-asked-for": (SLIM + "ENV NVIDIA_VISIBLE_DEVICES=all\n", True, ["torch"], ["PRN204"]),
    "wheels-on-cuda": (CUDA, True, ["torch==2.2.2"], ["PRN202"]),
    "named-wheels-on-cuda": (CUDA, True, ["torch==2.2.2+cu121"], ["PRN202"]),
    "cpu-wheels-on-cuda": (CUDA, True, ["torch==2.2.2+cpu"], []),
    "the-system's-cuda": (CUDA, True, ["onnxruntime-gpu==1.17.1"], []),
    "both": (CUDA, True, ["torch==2.2.2", "cupy-cuda12x==13.0.0"], []),
    "cpu-wheels-on-a-slim-base": (SLIM, True, ["torch==2.2.2+cpu"], ["PRN203"]),
    "nothing-for-the-gpu": (SLIM, True, ["flask==3.0.0"], ["PRN203"]),
    "onnxruntime-on-a-slim-base": (SLIM, True, ["onnxruntime-gpu==1.17.1"], ["PRN203"]),
    "onnxruntime-with-its-own": (SLIM + ASKED, True, ["onnxruntime-gpu[cuda,cudnn]==1.21.0"], []),
    "nothing-known": (SLIM, True, [], []),
    "cuda-for-nothing": (CUDA, False, ["flask==3.0.0"], ["PRN205"]),
    "cuda-and-nothing-known": (CUDA, False, [], []),
    "slim": (SLIM, False, ["flask==3.0.0"], []),
    "wheels-for-no-gpu": (SLIM, False, ["torch==2.2.2"], ["PRN219"]),
    "cpu-index": (
        SLIM + "RUN pip install --index-url https://h/whl/cpu torch\n",
        True,
        ["torch==2.2.2"],
        ["PRN203"],
    ),
    "rocm": ("FROM rocm/pytorch:latest\n", True, ["torch==2.2.2+rocm5.7"], []),
}


@pytest.mark.parametrize(("text", "gpu", "lines", "codes"), CASES.values(), ids=CASES)
def test_cuda(text: str, gpu: bool, lines: list[str], codes: list[str]) -> None:  # noqa: FBT001
    given = facts(text, gpu=gpu, requirements=requirements(*lines) if lines else None)
    assert [code for code in CODES if at(given, code)] == codes


def test_what_is_installed_goes_before_what_is_asked_for() -> None:
    known = document(verdict("torch", version="2.2.2"), verdict("nvidia-cublas-cu12", size=700))
    given = facts(CUDA, gpu=True, requirements=requirements("torch"), document=known)
    (found,) = of(given, "PRN202")
    assert "torch, nvidia-cublas-cu12" in found.what
    assert found.size_bytes is None


def test_what_the_wheels_of_cuda_weigh_is_said() -> None:
    known = document(
        verdict("torch", version="2.2.2", size=5),
        verdict("nvidia-cublas-cu12", size=700),
        verdict("nvidia-cudnn-cu12", size=300),
    )
    (found,) = of(facts(SLIM, document=known), "PRN219")
    assert found.size_bytes == 1000


def test_the_cuda_of_the_base_is_measured_in_its_layers() -> None:
    layers = (
        Layer(created_by="/bin/sh -c #(nop) ADD file in /", size_bytes=80),
        Layer(created_by="RUN apt-get install cuda-cudart-12-3 # buildkit", size_bytes=500),
        Layer(created_by="ENV NV_LIBNPP_VERSION=1", size_bytes=0),
        Layer(created_by="RUN apt-get install cuda-libraries-12-3", size_bytes=1500),
        Layer(created_by="RUN pip install nvidia-cublas-cu12", size_bytes=9000, line=2),
    )
    built = Built(tag="web:1", size_bytes=11080, layers=layers)
    given = facts(CUDA, gpu=True, requirements=requirements("torch==2.2.2"), built=built)
    assert [row.size_bytes for row in of(given, "PRN202")] == [2000]
