import tabulate


def make():
    return tabulate.tabulate([["late"]])
