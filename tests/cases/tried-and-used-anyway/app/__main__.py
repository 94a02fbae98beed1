import sys


def late():
    from app import report

    return report.read("a: [1]")


print(late() if "late" in sys.argv else "ready")
