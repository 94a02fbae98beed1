"""What names of base images say."""

import pytest

from pruner.image.bases import has_cuda, python_version


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("python:3.10-slim", "3.10"),
        ("python:3.11.2-bookworm@sha256:0123", "3.11"),
        ("host.example:5000/library/python:3.9", "3.9"),
        ("ghcr.example/uv:python3.12-bookworm-slim", "3.12"),
        ("python:3-slim-bookworm", None),
        ("python:latest", None),
        ("python", None),
        ("ubuntu:22.04", "3.10"),
        ("ubuntu:24.04", "3.12"),
        ("nvidia/cuda:12.3.0-runtime-ubuntu22.04", "3.10"),
        ("nvidia/cuda:12.3.0-runtime-ubuntu20.04", "3.8"),
        ("nvidia/cuda:12.3.0-runtime-debian12", "3.11"),
        ("nvidia/cuda:12.3.0-base-ubi8", "3.6"),
        ("debian:bookworm-slim", "3.11"),
        ("debian:12", "3.11"),
        ("debian:12.5-slim", "3.11"),
        ("debian:13", "3.13"),
        ("debian:120", None),
        ("gcr.example/distroless/python3-debian12", "3.11"),
        ("pytorch/pytorch:2.2.2-cuda12.1-cudnn8-runtime", None),
        ("scratch", None),
        ("copy3.10", None),
    ],
)
def test_python_of_a_base(image: str, version: str | None) -> None:
    assert python_version(image) == version


def test_gpu_of_a_base() -> None:
    assert has_cuda("nvidia/cuda:12.3.0-runtime-ubuntu22.04")
    assert has_cuda("pytorch/pytorch:2.2.2-cuda12.1-cudnn8-runtime")
    assert not has_cuda("python:3.10-slim")
