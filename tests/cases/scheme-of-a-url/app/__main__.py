import sys

import fsspec

HOME = "github://python:cpython@main/README.rst"


def late():
    protocol, _, _ = HOME.partition("://")
    try:
        return fsspec.filesystem(protocol, org="python", repo="cpython", sha="main")
    except OSError:
        return "the network is asked"


print(late() if "late" in sys.argv else "ready")
