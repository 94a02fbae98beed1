import sys
from importlib import import_module
from pkgutil import iter_modules

from app import routes


def late():
    names = [each.name for each in iter_modules(routes.__path__)]
    return [import_module(f"{routes.__name__}.{name}").get() for name in names]


print(late() if "late" in sys.argv else "ready")
