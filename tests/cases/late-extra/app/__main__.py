import sys


def fetch():
    import requests

    try:
        requests.get("http://shop/", proxies={"http": "socks5h://127.0.0.1:9"})
    except requests.exceptions.InvalidSchema:
        raise
    except requests.exceptions.ConnectionError:
        return "the proxy is asked"


print(fetch() if "late" in sys.argv else "ready")
