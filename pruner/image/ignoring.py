"""What a .dockerignore leaves out of a build, as BuildKit decides it.

Every pattern in turn matches a path or a folder above it, or does not, and the last one that does
decides. The docker library has patterns too, but takes `Docs` for `docs`, knows no `[^a]` and no
backslash, and does not look into a folder that an exception with a wildcard leads to.

Source: https://github.com/moby/patternmatcher (patternmatcher.go, ignorefile/ignorefile.go), and
https://docs.docker.com/build/concepts/context/#dockerignore-files.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Sequence

Matched = tuple[bool, ...]
"""Which patterns a folder matched: what lies in it matches these as well."""

_TOKEN = re.compile(
    r"(?P<any>\*\*/?)|(?P<star>\*)|(?P<one>\?)|(?P<set>\[\^?(?:\\.|[^\]\\])+\])|\\(?P<escaped>.)"
    r"|(?P<plain>.)",
    re.DOTALL,
)


class Ignoring:
    """The patterns of one .dockerignore; those that are none match nothing, and are in `bad`."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._rows: list[tuple[bool, re.Pattern[str]]] = []
        self.bad: list[str] = []
        for pattern in patterns:
            excepts = pattern.startswith("!")
            cleaned = clean(pattern.removeprefix("!"))
            try:
                self._rows.append((excepts, re.compile(translated(cleaned))))
            except (re.error, OverflowError):
                self.bad.append(pattern)
        self.excepts = any(excepts for excepts, _ in self._rows)

    @property
    def nothing(self) -> Matched:
        """What stands for the top of the tree."""
        return (False,) * len(self._rows)

    def match(self, path: str, above: Matched) -> tuple[bool, Matched]:
        """Return whether a path is left out, and what to say of it for what lies in it."""
        matched = tuple(
            inherited or row.match(path) is not None
            for (_, row), inherited in zip(self._rows, above, strict=True)
        )
        out = False
        for (excepts, _), fits in zip(self._rows, matched, strict=True):
            out = not excepts if fits else out
        return out, matched


def patterns_of(text: str) -> tuple[str, ...]:
    """Return the patterns in the text of a .dockerignore, without comments and empty lines."""
    lines = [line for line in text.removeprefix("\ufeff").split("\n") if not line.startswith("#")]
    return tuple(line.strip() for line in lines if line.strip() not in {"", "!"})


def clean(pattern: str) -> str:
    """Return a pattern as it is compared: relative, without dots and a slash at the end."""
    return posixpath.normpath(pattern.strip()).lstrip("/")


def translated(pattern: str) -> str:
    """Return a clean pattern as a regular expression for whole paths."""
    text = ""
    for match in _TOKEN.finditer(pattern):
        if match["any"]:
            at_end, at_start = match.end() == len(pattern), match.start() == 0
            alone = at_start and match["any"] == "**"
            text += ".*" if at_end or alone else "(?:.*/)?"
        elif match["star"] or match["one"]:
            text += "[^/]*" if match["star"] else "[^/]"
        elif match["set"]:
            inner = match["set"][1:-1]
            negated = "^" if inner.startswith("^") else ""
            text += f"[{negated}{inner[len(negated) :].replace('[', chr(92) + '[')}]"
        elif match["plain"] == "[":
            raise re.error("a set that does not end")
        else:
            text += re.escape(match["escaped"] or match["plain"])
    return f"{text}\\Z"


def joined(patterns: Iterable[str]) -> re.Pattern[str]:
    """Return one regular expression for the paths that any of the patterns matches."""
    return re.compile("|".join(f"(?:{translated(clean(pattern))})" for pattern in patterns))


def below(file: str, source: str) -> bool:
    """Return whether a file of the context is one that a source of COPY takes."""
    wanted = posixpath.normpath(source).lstrip("/")
    if wanted in {"", "."}:
        return True
    if not any(char in wanted for char in "*?["):
        return file == wanted or file.startswith(f"{wanted}/")
    parts, pattern = file.split("/"), wanted.split("/")
    return len(parts) >= len(pattern) and all(
        name == part or fnmatch.fnmatchcase(name, part)
        for name, part in zip(parts, pattern, strict=False)
    )
