import importlib
from importlib import import_module as load

NAME = "tabulate"


def table():
    return importlib.import_module(NAME).tabulate([[1]])


def plural(word):
    return load("inflection").pluralize(word)


print(__import__("humanize").naturalsize(10))
