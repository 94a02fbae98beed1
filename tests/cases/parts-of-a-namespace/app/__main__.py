import sys


def late():
    from jaraco.text import FoldedCase

    return FoldedCase("Late") == "late"


print(late() if "late" in sys.argv else "ready")
