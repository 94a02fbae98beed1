import sys


def late():
    try:
        import ujson as json
    except ImportError:
        import simplejson as json
    try:
        import tabulate
    except ImportError as error:
        raise SystemExit("pip install tabulate") from error
    return tabulate.tabulate([json.loads("[1]")])


print(late() if "late" in sys.argv else "ready")
