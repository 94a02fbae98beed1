import sys


def client():
    import httpx

    return httpx.Client(http2=True)


print(client() if "late" in sys.argv else "ready")
