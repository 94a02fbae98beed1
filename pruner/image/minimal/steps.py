"""The original's last stage, instruction by instruction, as it is to stand in the new one.

What installs, cleans up or is replaced is left out; what copies the whole context copies what is
needed of it; everything else stays as it was written.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pruner.image.expand import exec_form, expand, words
from pruner.image.instructions import Instruction
from pruner.image.minimal.tree import Context, narrowed
from pruner.image.shell import commands
from pruner.image.steps import Purpose, purpose
from pruner.model import Finding, Value

_VERBATIM = frozenset(["ENV", "LABEL", "STOPSIGNAL", "VOLUME", "WORKDIR", "EXPOSE", "SHELL"])
_VARIABLE = re.compile(r"\$\{?(\w+)")
_PACKAGES = ("/site-packages", "/dist-packages", "/.local")
_LAST = 2  # words of a COPY: at least from and to


class Original(Value, frozen=True):
    """A Dockerfile's last stage: its instructions, and the lines of the whole file."""

    path: str  # as messages name it
    lines: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    prefix: str  # folder of the interpreter's bin: "/usr/local"
    context: Context
    folder: str = ""  # the context's path from the root of the project
    health: bool = False  # a HEALTHCHECK of ours takes the place of its own


class Steps(NamedTuple):
    """The text of the instructions, the paths that they copy, the stages that they copy from."""

    texts: tuple[str, ...]
    copied: tuple[str, ...]
    stages: tuple[str, ...]
    findings: tuple[Finding, ...]


class _Copied(NamedTuple):
    source: str  # below the context
    to: str


def steps(original: Original) -> Steps:
    """Return what of a last stage is to be repeated."""
    walk = _Walk(original)
    texts = [text for item in original.instructions for text in walk.step(item)]
    return Steps(
        texts=tuple(_without_unused_arguments(texts)),
        copied=tuple(dict.fromkeys(walk.copied)),
        stages=tuple(dict.fromkeys(walk.stages)),
        findings=tuple(walk.findings),
    )


class _Walk:
    """One pass over the instructions of a last stage."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._workdir = "/"
        self.copied: list[str] = []
        self.stages: list[str] = []
        self.findings: list[Finding] = []
        self._installs = {
            word
            for item in original.instructions
            if item.name == "RUN"
            for command in commands(item) or ()
            if purpose(command) is Purpose.DISTRIBUTIONS
            for word in command.words
        }

    def step(self, item: Instruction) -> Iterator[str]:
        """Yield what stands in the place of an instruction."""
        if item.name == "WORKDIR":
            self._workdir = posixpath.join(self._workdir, expand(item.value, {}))
        if item.name in _VERBATIM or item.name == "ARG":
            yield self._as_written(item)
        elif item.name == "RUN":
            yield from self._run(item)
        elif item.name in {"COPY", "ADD"}:
            yield from self._copy(item)
        elif item.name == "HEALTHCHECK" and not self._original.health:
            yield self._as_written(item)
        elif item.name == "ONBUILD":
            self._say("PRN301", "note", item, "ONBUILD is left out: nothing is built on this image")

    def _as_written(self, item: Instruction) -> str:
        return "\n".join(self._original.lines[item.line - 1 : item.last_line])

    def _run(self, item: Instruction) -> Iterator[str]:
        found = commands(item)
        if found is None:
            what = "RUN cannot be taken apart, so all of it is repeated, installing included"
            self._say("PRN302", "warning", item, what, "write its commands with && between them")
            yield self._as_written(item)
            return
        stays = [one for one in found if purpose(one) in {Purpose.OTHER, Purpose.SHELL}]
        if any(purpose(one) is Purpose.OTHER for one in stays):
            if len(stays) == len(found):
                yield self._as_written(item)
            else:
                flags = "".join(f"--{name}={value} " for name, value in item.flags)
                yield f"RUN {flags}" + " \\\n && ".join(one.text for one in stays)

    def _copy(self, item: Instruction) -> Iterator[str]:
        listed = list(exec_form(item.value) or words(item.value))
        source = item.flag("from")
        if item.heredocs or len(listed) < _LAST:
            yield self._as_written(item)
            return
        to = expand(listed[-1], {})
        place = posixpath.join(self._workdir, to)
        if self._is_for_installing(place) or (source and self._is_environment(place)):
            return
        if source:
            self.stages.append(source)
            yield self._as_written(item)
        elif item.name == "ADD" and any("://" in word for word in listed[:-1]):
            yield self._as_written(item)
        else:
            yield from self._narrowed(item, [expand(word, {}) for word in listed[:-1]], to)

    def _is_environment(self, place: str) -> bool:
        path = place.rstrip("/") or "/"
        own = self._original.prefix
        covers = path in {own, f"{own}/bin", f"{own}/lib"} or own.startswith(f"{path}/")
        return covers or any(part in path for part in _PACKAGES)

    def _is_for_installing(self, place: str) -> bool:
        path = place.rstrip("/")
        return bool(path) and any(
            word == path or word.startswith(f"{path}/") for word in self._installs
        )

    def _narrowed(self, item: Instruction, sources: Sequence[str], to: str) -> Iterator[str]:
        flags = "".join(
            f"--{name}={value} " if value else f"--{name} " for name, value in item.flags
        )
        several = len(sources) > 1 or to.endswith("/") or to in {".", "./"}
        files: list[str] = []
        folders: list[_Copied] = []
        for source in sources:
            top = posixpath.normpath(source).strip("/")
            top = "" if top == "." else top
            for path in narrowed(self._original.context, source):
                target = posixpath.join(to, posixpath.relpath(path, top)) if path != top else to
                if path in self._original.context.folders:
                    folders.append(_Copied(path, target))
                elif top in self._original.context.folders:
                    folders.append(_Copied(path, f"{posixpath.dirname(target)}/"))
                else:
                    files.append(path)
        if files:
            target = to if to.endswith("/") or not several else f"{to}/"
            yield self._line(item.name, flags, files, target)
        by_target: dict[str, list[str]] = {}
        for source, target in folders:
            key = target if source not in self._original.context.folders else f"{target}\0{source}"
            by_target.setdefault(key, []).append(source)
        for key, group in by_target.items():
            yield self._line(item.name, flags, group, key.partition("\0")[0])

    def _line(self, name: str, flags: str, sources: Sequence[str], to: str) -> str:
        paths = [posixpath.join(self._original.folder, path) or "." for path in sources]
        self.copied += paths
        if any(" " in path for path in (*paths, to)):
            return f"{name} {flags}{json.dumps([*paths, to])}"
        return f"{name} {flags}{' '.join(paths)} {to}"

    def _say(self, code: str, severity: str, item: Instruction, what: str, fix: str = "") -> None:
        where = f"{self._original.path}:{item.line}"
        self.findings.append(Finding(code=code, severity=severity, where=where, what=what, fix=fix))


def _without_unused_arguments(texts: Sequence[str]) -> Iterator[str]:
    """Leave out the ARGs that nothing after them reads."""
    for number, text in enumerate(texts):
        if text.upper().startswith("ARG "):
            names = {word.partition("=")[0] for word in text.split()[1:]}
            later = {name for after in texts[number + 1 :] for name in _VARIABLE.findall(after)}
            run = any(after.upper().startswith("RUN ") for after in texts[number + 1 :])
            if not names & later and not (run and "DEBIAN_FRONTEND" not in names):
                continue
        yield text
