import ctypes
import sysconfig
from pathlib import Path

(path,) = Path(sysconfig.get_path("purelib"), "nvidia", "cuda_runtime", "lib").glob(
    "libcudart.so.12"
)
print(ctypes.CDLL(str(path)))
