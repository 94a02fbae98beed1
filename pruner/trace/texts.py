"""Which texts of a sandbox may be kept, and how the others are shown."""

import re

from pruner.urls import without_credentials

# Controls, line separators, what reverses the direction of text, and what could not be decoded.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]")


def is_fit(text: str) -> bool:
    """Tell whether a text is not empty and can be shown."""
    if text.isascii():  # nearly all are, and this is five times as fast
        return text.isprintable() and text != ""
    return _UNFIT.search(text) is None


def is_path(text: str) -> bool:
    """Tell whether a text is an absolute path without `..`."""
    return text.startswith("/") and "/../" not in text + "/" and is_fit(text)


def shown(text: str) -> str:
    """Return a text that is safe to print."""
    return _UNFIT.sub("\ufffd", without_credentials(text)[:400])
