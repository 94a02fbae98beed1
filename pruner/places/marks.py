"""The first line of a written file, which tells whether somebody has changed the rest."""

import hashlib
import re

MARK = re.compile(r"# Written by `pruner drift --install [a-z]+` \(pruner [^)]*\); sha256:(\w{64})")


def marked(kind: str, version: str, text: str) -> str:
    """Return a text under its mark; all places take `#` for a comment."""
    what = f"`pruner drift --install {kind}` (pruner {version})"
    return f"# Written by {what}; sha256:{_digest(text)}\n{text}"


def untouched(text: str) -> bool:
    """Return whether a file is as pruner once wrote it; line ends of git do not count."""
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    found = MARK.fullmatch(first)
    return found is not None and found[1] == _digest(rest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
