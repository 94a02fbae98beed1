import sys
from importlib import import_module

JOBS = {"report": "app.jobs.report:make"}


def start(name):
    module, _, function = JOBS[name].partition(":")
    return getattr(import_module(module), function)()


print(start("report") if "late" in sys.argv else "ready")
