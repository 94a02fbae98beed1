"""What settings files say: URLs, and dotted names of classes, in YAML, TOML, INI, JSON or .env.

They are read as plain words, whatever their syntax is: nothing here depends on what a key means.
"""

import re
from collections.abc import Iterable, Mapping

from pruner.static.texts import named

SUFFIXES = (".cfg", ".conf", ".env", ".ini", ".json", ".toml", ".yaml", ".yml")
MOST_BYTES = 256 << 10
"""Of one file; a larger one holds data."""
MOST_WORDS = 10_000

_NOT_THE_APPLICATION_S = re.compile(
    r"pruner\.toml|pyproject\.toml|setup\.cfg|tox\.ini|pylock.*|.*requirements.*|.*lock.*|package.*"
)
_BETWEEN = re.compile(r"[\s\"'`,;=()\[\]{}<>|]+")


def is_settings(name: str) -> bool:
    """Return whether a file holds an application's settings, by its name without a folder."""
    return name.endswith(SUFFIXES) and not _NOT_THE_APPLICATION_S.fullmatch(name.lower())


def settings_words(contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the schemes of URLs and the dotted names in files, each with its first "path:line"."""
    found: dict[str, str] = {}
    for path, content in sorted(contents.items()):
        lines = content.decode("utf-8", "replace").splitlines()
        for number, line in enumerate(lines, 1):
            for word in _words(_BETWEEN.split(line)):
                if len(found) < MOST_WORDS:
                    found.setdefault(word, f"{path}:{number}")
    return found


def _words(tokens: Iterable[str]) -> Iterable[str]:
    """Yield what may name something; a key of YAML, which ends in a colon, never does."""
    for token in tokens:
        word = named(token)
        if word and ("://" in token or "." in word or ":" in word):
            yield word
