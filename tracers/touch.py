"""Imports modules and looks at what they hold: an emptied package imports happily, as a namespace.

    touch.py LIST ANSWER      LIST: a file that holds a JSON list of import names

    {"version": 1, "names": {name: how many public names its module has, null where it has failed}}

ANSWER is written anew after every import, so that one that ends the process takes only itself.
Standard library only, Python 3.8 and newer.
"""

import importlib
import json
import os
import sys
from typing import Dict, Optional

VERSION = 1


def main() -> None:
    """Import one after the other."""
    with open(sys.argv[1], encoding="utf-8") as file:
        names = json.load(file)
    found: Dict[str, Optional[int]] = {}
    for name in names:
        found[name] = None
        write(found)
        found[name] = public(name)
    write(found)
    os._exit(0)  # threads that an import has started are of no interest


def public(name: str) -> Optional[int]:
    """Return how many public names a module has."""
    try:
        module = importlib.import_module(name)
        return sum(not each.startswith("_") for each in dir(module))
    except BaseException:  # noqa: BLE001  a module may raise SystemExit as well
        return None


def write(found: Dict[str, Optional[int]]) -> None:
    """Replace the answer."""
    temporary = sys.argv[2] + ".part"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"version": VERSION, "names": found}, file)
    os.replace(temporary, sys.argv[2])


if __name__ == "__main__":
    main()
