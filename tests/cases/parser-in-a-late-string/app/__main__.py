import sys


def title(page):
    from bs4 import BeautifulSoup

    return BeautifulSoup(page, "html5lib").title.string


print(title("<title>late") if "late" in sys.argv else "ready")
