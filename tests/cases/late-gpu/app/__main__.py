import os
import sys

import idna

if os.path.exists("/dev/nvidiactl") or "late" in sys.argv:
    try:
        import tabulate
    except ImportError:
        tabulate = None
    FAST = tabulate is not None
else:
    FAST = False


def memory():
    try:
        import pynvml
    except ImportError:
        return "unknown"
    return f"{pynvml.__name__} is there"


if FAST:
    import six

if "late" in sys.argv:
    assert FAST, "the code for a GPU does without its table"
    assert memory() == "pynvml is there", memory()
idna.encode("a")
