"""Copies the contents of files into one file, since pruner cannot open those of an image.

    python collect.py ASKED ANSWER

ASKED is a JSON list of absolute paths, ANSWER a file that must not exist yet. For each path, in
order, ANSWER gets one of

    {"path": "/a/b.py", "size": 12}     a line, and then that many bytes
    {"path": "/a/b.py", "error": "…"}   a line

Regular files only, at the end of links; FILE_BYTES each and TOTAL_BYTES in all: what is beyond gets
an error. Run with `-I`. Standard library only, Python 3.8 and newer.
"""

import json
import os
import stat
import sys
from typing import BinaryIO, List

FILE_BYTES = 8 << 20
TOTAL_BYTES = 256 << 20


class Refused(Exception):  # noqa: N818  an answer, not a failure
    """A file that is not copied, and why."""


def main() -> None:
    """Copy what is asked for."""
    with open(sys.argv[1], encoding="utf-8") as file:
        paths = json.load(file)
    with open(sys.argv[2], "xb") as answer:
        copy(paths, answer)


def copy(paths: List[str], answer: BinaryIO) -> None:
    """Write the answer to all paths."""
    left = TOTAL_BYTES
    for path in paths:
        try:
            data = contents(path, left)
        except (OSError, ValueError, Refused) as error:
            answer.write(line({"path": path, "error": said(error)}))
            continue
        left -= len(data)
        answer.write(line({"path": path, "size": len(data)}))
        answer.write(data)


def contents(path: str, left: int) -> bytes:
    """Return what a file holds; raise Refused where that is too much, or it is no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Refused("not a regular file")
        data = file.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise Refused("larger than %d bytes" % FILE_BYTES)
    if len(data) > left:
        raise Refused("beyond %d bytes in all" % TOTAL_BYTES)
    return data


def said(error: Exception) -> str:
    """Return an error as one line, without the path."""
    return str(getattr(error, "strerror", None) or error)


def line(header: object) -> bytes:
    """Return a header as it is written."""
    return json.dumps(header).encode() + b"\n"


if __name__ == "__main__":
    main()
