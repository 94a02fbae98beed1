import sys

from rich.console import Console


def show(text):
    from rich.markdown import Markdown

    Console().print(Markdown(text))


if "late" in sys.argv:
    show("# late")
