import idna


def late():
    import tabulate

    return tabulate


def broken():
    import app.broken


print(idna.__version__)
