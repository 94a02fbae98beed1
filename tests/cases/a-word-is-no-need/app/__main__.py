import sys

import tabulate

ENGINES = {"whisper": str.lower, "six": str.upper}
NAMES = ["whisper:pending", "six.accepted", "whisper.conf", "six.MD"]


def late():
    return tabulate.tabulate([[ENGINES["whisper"]("LATE")]])


print(late() if "late" in sys.argv else "ready")
