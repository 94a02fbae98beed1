import sys


def title(page):
    from bs4 import BeautifulSoup

    return BeautifulSoup(page, "xml").title.string


print(title("<title>late</title>") if "late" in sys.argv else "ready")
