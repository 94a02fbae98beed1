import sys
from importlib.metadata import entry_points


def late(name):
    styles = {each.name: each for each in entry_points(group="pygments.styles")}
    return styles[name].load()


print(late("git" + "hub") if "late" in sys.argv else "ready")
