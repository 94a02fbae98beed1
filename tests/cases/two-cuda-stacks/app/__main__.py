import ctypes
import sys
import sysconfig
from pathlib import Path

FOLDER = Path(sysconfig.get_path("purelib"), "nvidia", "cuda_runtime", "lib")


def older():
    return ctypes.CDLL(str(FOLDER / "libcudart.so.11.0"))


def newer():
    return ctypes.CDLL(str(FOLDER / "libcudart.so.12"))


print(newer())
if "late" in sys.argv:
    print(older())
