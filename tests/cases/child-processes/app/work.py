import importlib


def spawned():
    print(importlib.import_module("".join(["id", "na"])).__version__)
