import ctypes
import importlib.util
import pathlib
import sys

import idna

LIBRARY = "lib{}.so.{}"

if "late" in sys.argv:  # as jax and tensorflow do: the name is put together, and no import is made
    folder = pathlib.Path(importlib.util.find_spec("nvidia").submodule_search_locations[0])
    ctypes.CDLL(str(folder / "nvtx" / "lib" / LIBRARY.format("nvToolsExt", 1)))
idna.encode("a")
