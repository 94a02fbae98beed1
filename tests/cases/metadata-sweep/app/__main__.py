"""Refuse to start with other versions than the ones that are asked for, as many services do."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import prettytable

wrong = []
for line in Path("requirements.txt").read_text().split():
    name, _, pin = line.partition("==")
    try:
        found = version(name)
    except PackageNotFoundError:
        found = None
    if found != pin:
        wrong.append(name)
if wrong:
    sys.exit("not as required: " + " ".join(wrong))
print(prettytable.__name__)
