"""Copies distributions of this interpreter into a folder, as `pip install --target` lays it out.

    carry.py '{"to": folder, "site": [folders to look in], "names": [normalised names]}'

What their RECORDs list in the folder of distributions goes to the same place below `to`, scripts
into its `bin`; what is there already stays. Prints the names that were found, as JSON. Nothing of
them is imported. Run with `-I -S`. Standard library only, Python 3.8 and newer.
"""

import csv
import json
import os
import re
import shutil
import sys
from typing import Iterator, List


def main() -> None:
    """Carry out the order."""
    order = json.loads(sys.argv[1])
    found = []
    for site in order["site"]:
        for name in sorted(os.listdir(site)) if os.path.isdir(site) else []:
            info = os.path.join(site, name)
            if name.endswith(".dist-info") and own_name(info) in order["names"]:
                found.append(own_name(info))
                for source, target in places(site, info, order["to"]):
                    copy(source, target)
    json.dump(sorted(found), sys.stdout)


def own_name(info: str) -> str:
    """Return the normalised name in the metadata of a distribution, "" where there is none."""
    try:
        with open(os.path.join(info, "METADATA"), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.lower().startswith("name:"):
                    return re.sub(r"[-_.]+", "-", line[5:].strip()).lower()
                if not line.strip():
                    break
    except OSError:
        pass
    return ""


def places(site: str, info: str, to: str) -> Iterator[List[str]]:
    """Yield each file of a distribution, and where it goes; bytecode is made anew."""
    for path in recorded(info):
        full = os.path.normpath(os.path.join(site, path))
        if full.endswith(".pyc"):
            continue
        if full.startswith(site.rstrip("/") + "/"):
            yield [full, os.path.join(to, os.path.relpath(full, site))]
        elif os.path.basename(os.path.dirname(full)) == "bin":
            yield [full, os.path.join(to, "bin", os.path.basename(full))]


def recorded(info: str) -> Iterator[str]:
    """Yield the paths that a RECORD lists, relative to the folder of distributions."""
    try:
        with open(os.path.join(info, "RECORD"), encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                if row and row[0]:
                    yield row[0]
    except (OSError, UnicodeDecodeError, csv.Error):
        return


def copy(source: str, target: str) -> None:
    """Copy one file, unless something is there already."""
    if os.path.isfile(source) and not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(source, target)


if __name__ == "__main__":
    main()
