try:
    import yaml
except ImportError:
    yaml = None

try:
    import tabulate
except ImportError:
    tabulate = None


def read(text):
    rows = yaml.safe_load(text)
    return tabulate.tabulate(rows) if tabulate else rows
