import importlib.util
import sys
from contextlib import suppress

HAS_TABULATE = importlib.util.find_spec("tabulate") is not None


def late():
    words = []
    if HAS_TABULATE:
        import tabulate

        words.append(tabulate.__version__)
    if importlib.util.find_spec("inflection"):
        import inflection

        words.append(inflection.camelize("a"))
    with suppress(ImportError):
        import humanize

        words.append(humanize.intword(1))
    if importlib.util.find_spec("json"):
        import wcwidth

        words.append(wcwidth.wcswidth("late"))
    return words


print(late() if "late" in sys.argv else "ready")
