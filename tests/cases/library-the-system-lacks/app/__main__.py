import ctypes
import sysconfig
from pathlib import Path

ctypes.CDLL(str(Path(sysconfig.get_path("data"), "lib", "libtbb.so.12")))
print("loaded")
