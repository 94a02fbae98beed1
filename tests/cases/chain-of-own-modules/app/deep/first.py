from importlib import import_module


def go():
    from . import second

    third = import_module(".third", __package__)
    return second.rows(), third.word()
