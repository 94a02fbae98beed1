"""The instructions of a Dockerfile, one value each.

dockerfile-parse splits the file. Three things it does not know are settled here first, with every
line number kept: here-documents, whose bodies it takes for instructions; empty lines and comments
inside a continued instruction, at which it stops; and a last line that ends in a continuation.
"""

import difflib
import io
import re
from collections.abc import Iterator
from typing import Any

from pruner.config.mistakes import one_line
from pruner.errors import UsageError
from pruner.image.expand import words
from pruner.model import Value

KNOWN = (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL "
    "STOPSIGNAL USER VOLUME WORKDIR"
)

_DIRECTIVE = re.compile(r"#\s*([a-z]+)\s*=\s*(.*?)\s*$", re.IGNORECASE)
_HEREDOC = re.compile(r"\d*<<(-?)([\"']?)(\w[\w.-]*)\2")
_WITH_HEREDOCS = re.compile(r"\s*(ONBUILD\s+)?(RUN|COPY|ADD)\b", re.IGNORECASE)
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?\s*")


class Instruction(Value, frozen=True, kw_only=True):
    """One instruction: `COPY --from=a b c` has value "b c" and flags (("from", "a"),)."""

    name: str  # upper case
    value: str  # continued lines joined; nothing substituted
    flags: tuple[tuple[str, str], ...] = ()
    heredocs: tuple[str, ...] = ()  # bodies, in order
    line: int  # 1-based
    last_line: int

    def flag(self, name: str) -> str | None:
        """Return the value of a flag, or None."""
        return dict(self.flags).get(name)


def split(text: str, path: str, target: str | None = None) -> tuple[Instruction, ...]:
    """Return the instructions of a Dockerfile; `path` is its name in messages.

    With `target` they end with the stage of that name: no stage that it is made from comes later.
    Raises UsageError with file and line for what no builder would take.
    """
    # Imported when needed: most commands never read a Dockerfile.
    from dockerfile_parse import DockerfileParser  # noqa: PLC0415

    cleaned, heredocs, ends = _clean([line.rstrip("\r") for line in text.split("\n")], path)
    parser = DockerfileParser(fileobj=io.BytesIO("\n".join(cleaned).encode("utf-8")))
    found = [item for item in parser.structure if item["instruction"] != "COMMENT"]
    instructions = tuple(_instruction(item, heredocs, ends, path) for item in found)
    if not any(item.name == "FROM" for item in instructions):
        raise UsageError(f"{path}: has no FROM", hint="a Dockerfile starts with FROM and an image")
    first = next(item for item in instructions if item.name != "ARG")
    if first.name != "FROM":
        what = f"{path}:{first.line}: {first.name} stands before the first FROM"
        raise UsageError(what, hint="only ARG may")
    return instructions if target is None else _until(target, instructions, path)


def _until(
    target: str, instructions: tuple[Instruction, ...], path: str
) -> tuple[Instruction, ...]:
    """Return the instructions to the end of a stage, the last of those of its name."""
    starts = [index for index, item in enumerate(instructions) if item.name == "FROM"]
    names = [_stage_name(instructions[start]) for start in starts]
    if target.lower() not in names:
        known = ", ".join(name for name in names if name)
        hint = f"it has {known}" if known else "FROM … AS name gives a stage its name"
        raise UsageError(one_line(f"{path}: has no stage {target}"), hint=hint)
    at = len(names) - names[::-1].index(target.lower())
    return instructions[: starts[at]] if at < len(starts) else instructions


def _stage_name(item: Instruction) -> str:
    """Return the name that a FROM gives its stage, in lower case as builders compare it."""
    match item.value.lower().split():
        case [_, "as", name]:
            return name
    return ""


def _instruction(
    item: dict[str, Any], heredocs: dict[int, list[str]], ends: dict[int, int], path: str
) -> Instruction:
    line = int(item["startline"]) + 1
    name, value = str(item["instruction"]), str(item["value"]).strip()
    if name not in KNOWN.split():
        close = difflib.get_close_matches(name, KNOWN.split(), n=1)
        hint = f"did you mean {close[0]}?" if close else None
        shown = name.encode("unicode_escape").decode()[:40]
        raise UsageError(f"{path}:{line}: unknown instruction {shown}", hint=hint)
    flags, rest = _flags(value) if name != "ONBUILD" else ((), value)
    return Instruction(
        name=name,
        value=rest,
        flags=flags,
        heredocs=tuple(heredocs.get(line, ())),
        line=line,
        last_line=ends.get(line, int(item["endline"]) + 1),
    )


def _flags(value: str) -> tuple[tuple[tuple[str, str], ...], str]:
    flags = []
    while match := _FLAG.match(value):
        flags.append((match[1], match[2] or ""))
        value = value[match.end() :]
    return tuple(flags), value


def _clean(lines: list[str], path: str) -> tuple[list[str], dict[int, list[str]], dict[int, int]]:
    """Return the lines without what the parser trips over, here-documents and their ends by line.

    Both are by the line of their instruction.
    """
    escape = _escape(lines)
    cleaned: list[str] = []
    heredocs: dict[int, list[str]] = {}
    ends: dict[int, int] = {}
    start, whole = 0, ""  # the instruction that is being read: its line, and its text so far
    todo = iter(enumerate(lines, start=1))
    for number, line in todo:
        plain = line.strip()
        if not plain or plain.startswith("#"):
            # Inside an instruction such a line is as if it were not there.
            cleaned.append(escape if start else line)
            continue
        if not start:
            start, whole = number, ""
            _refuse_bare(plain, escape, path, number)
        cleaned.append(line)
        whole += line.rstrip().removesuffix(escape)
        if line.rstrip().endswith(escape):
            continue
        for match in _heredocs(whole):
            body = _body(todo, match, f"{path}:{start}")
            cleaned += ["#"] * (len(body) + 1)
            heredocs.setdefault(start, []).append("\n".join(body))
            ends[start] = len(cleaned)
        start = 0
    return [*cleaned, "", ""], heredocs, ends


def _heredocs(whole: str) -> Iterator[re.Match[str]]:
    """Yield the here-documents that an instruction opens: words of their own, never quoted."""
    if _WITH_HEREDOCS.match(whole):
        yield from filter(None, (_HEREDOC.fullmatch(word) for word in words(whole)))


def _body(todo: Iterator[tuple[int, str]], match: re.Match[str], where: str) -> list[str]:
    body: list[str] = []
    for _, line in todo:
        text = line.lstrip("\t") if match[1] else line
        if text == match[3]:
            return body
        body.append(text)
    hint = f"it ends with a line that says {match[3]} and nothing else"
    raise UsageError(f"{where}: here-document {match[3]} does not end", hint=hint)


def _refuse_bare(plain: str, escape: str, path: str, number: int) -> None:
    if len(plain.split()) == 1 and not plain.endswith(escape):
        shown = plain.encode("unicode_escape").decode()[:40]
        hint = "an instruction has a word after its name"
        raise UsageError(f"{path}:{number}: {shown} says nothing", hint=hint)


def _escape(lines: list[str]) -> str:
    """Return the character that continues lines, which a directive at the top may change."""
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in {"`", "\\"}:
            return match[2]
    return "\\"
