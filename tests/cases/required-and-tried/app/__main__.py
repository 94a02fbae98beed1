import sys


def read():
    import requests

    page = requests.Response()
    page._content = "Привет, мир! Это старая страница.".encode("cp1251")
    assert page.text.startswith("Привет"), page.text
    return page.text


print(read() if "late" in sys.argv else "ready")
