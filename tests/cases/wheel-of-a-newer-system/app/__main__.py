import sys


def late():
    import automesh

    return automesh.Voxels


print(late() if "late" in sys.argv else "ready")
