import importlib
import importlib.util

BEST, SPARE = ("".join(reversed(name)) for name in ("etalubat", "elbatytterp"))

if importlib.util.find_spec(BEST) is None:
    importlib.import_module(SPARE)
print("ready")
