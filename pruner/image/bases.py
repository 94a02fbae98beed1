"""What the name of a base image says about it."""

import re

from pruner.rules import told

_GPU = re.compile(r"(^|/)nvidia/|cuda|(^|[-_/])gpu([-_]|$)|rocm")


def python_version(image: str) -> str | None:
    """Return the Python that a base image brings, such as "3.11", where its name tells."""
    return told(image, "python") or None


def has_cuda(image: str) -> bool:
    """Return whether the name of a base image says that it is made for a GPU."""
    return _GPU.search(image.lower()) is not None
