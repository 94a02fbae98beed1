import sys

import tabulate

ENGINES = {"whisper": str.lower, "six": str.upper}


def late():
    return tabulate.tabulate([[ENGINES["whisper"]("LATE")]])


print(late() if "late" in sys.argv else "ready")
