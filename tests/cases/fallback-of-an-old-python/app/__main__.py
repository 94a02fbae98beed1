import sys


def late():
    try:
        import tomllib
    except ModuleNotFoundError:
        import tomli as tomllib
    try:
        import ujson as json
    except ImportError:
        import simplejson as json
    return json.dumps(tomllib.loads("a = 1"))


print(late() if "late" in sys.argv else "ready")
