"""What can be wrong with the lines of requirement files, in words."""

import re
from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from pruner.errors import UsageError
from pruner.requirements.values import Requirement

_ONE_EQUALS = re.compile(r"([\w.\[\],-]+)\s*=\s*(\d[^=\s]*)")
MISPLACED = "Invalid global options, not supported with a requirement spec: "
_NOISE = re.compile(r"(pip_requirements_parser: error: |Invalid requirement: (: )?)*")


def unparsable(where: str, line: str, error: str) -> UsageError:
    """Return the error for a line at `where` (file:line) that pip would not take."""
    text = one_line(line.strip())
    if error.startswith(MISPLACED):
        options = one_line(error.removeprefix(MISPLACED))
        hint = f"options of an index stand on a line of their own: `{options}`"
        return UsageError(f"{where}: option on the line of a requirement: {text}", hint=hint)
    why = one_line(_NOISE.sub("", error.strip(), count=1).split("\n")[0])
    why = why or "nothing that pip would install"
    if match := _ONE_EQUALS.fullmatch(line.strip()):
        hint = f"a pin has two equals signs: {match[1]}=={match[2]}"
    elif "${" in line:
        hint = "variables are not expanded here: write what they stand for"
    else:
        hint = "one requirement a line, such as name==1.2.3"
    return UsageError(f"{where}: not a requirement: {text} ({why})", hint=hint)


def refuse_contradictions(requirements: Sequence[Requirement]) -> None:
    """Raise UsageError where one name is pinned to two versions for the same marker."""
    first: dict[tuple[str, str | None], Requirement] = {}
    for item in requirements:
        if item.pin is None:
            continue
        other = first.setdefault((item.key, item.marker), item)
        if _version(other.pin) != _version(item.pin):
            what = f"{item.text} contradicts {other.text} of {other.file}:{other.line}"
            raise UsageError(f"{item.file}:{item.line}: {what}", hint="keep one of the two pins")


def _version(text: str | None) -> Version | str | None:
    try:
        return Version(text or "")
    except InvalidVersion:
        return text


def one_line(text: str) -> str:
    """Return text on one line, with everything escaped that a terminal would not print."""
    text = " ".join(text.split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
