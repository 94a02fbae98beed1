import sys


def late():
    from app.deep import first

    return first.go()


print(late() if "late" in sys.argv else "ready")
