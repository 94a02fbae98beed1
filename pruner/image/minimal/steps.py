"""The original's last stage, instruction by instruction, as it is to stand in the new one.

What installs, cleans up or is replaced is left out; what copies the whole context copies what is
needed of it; everything else stays as it was written.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pruner.image.expand import exec_form, words
from pruner.image.installs import installed_files
from pruner.image.instructions import Instruction
from pruner.image.minimal.carried import Stages, is_remote
from pruner.image.minimal.copying import Copying
from pruner.image.minimal.original import Original, installs
from pruner.image.minimal.through import seen_through
from pruner.image.shell import commands
from pruner.image.steps import INSTALLERS, Purpose, brings_something, purpose
from pruner.model import Finding

_VERBATIM = frozenset(
    ["ENV", "EXPOSE", "LABEL", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"]
)
_VARIABLE = re.compile(r"\$\{?(\w+)")
_PACKAGES = ("/site-packages", "/dist-packages", "/.local")
_DEBIAN_PYTHON = re.compile(r"update-alternatives|/usr/bin/python")
_LEAST = 2  # words of a COPY: from and to


class Steps(NamedTuple):
    """What of a last stage is to be repeated.

    `texts` are instructions, `before` the stages that some of them copy from; `copied` are paths
    from the root of the project, `code` absolute paths that first-party code lies below then.
    """

    texts: tuple[str, ...]
    copied: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def steps(original: Original) -> Steps:
    """Return what of a last stage is to be repeated."""
    walk = _Walk(original)
    texts = [text for item in original.chain(original.last) for text in walk.step(item)]
    before = walk.stages.texts()
    return Steps(
        texts=tuple(_without_idle_users(list(_without_unused_arguments(texts)))),
        copied=tuple(dict.fromkeys([*walk.copying.copied, *walk.stages.copied])),
        before=before,
        code=tuple(dict.fromkeys(walk.copying.code)),
        findings=tuple(walk.findings),
    )


class _Walk:
    """One pass over the instructions of a last stage."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._scope = original.scope()
        self.stages = Stages(original)
        self.copying = Copying(original, _installed(original))
        self.findings: list[Finding] = []

    def step(self, item: Instruction) -> Iterator[str]:
        """Yield what stands in the place of an instruction."""
        self._scope.take(item)
        text = self._original.written(item)
        if item.name in _VERBATIM:
            yield text
        elif item.name == "ARG":
            yield self._scope.argument(item) or text
        elif item.name == "RUN":
            yield from self._run(item, text)
        elif item.name in {"COPY", "ADD"}:
            yield from self._copy(item, text)
        elif item.name == "HEALTHCHECK" and not self._original.health:
            yield text
        elif item.name == "ONBUILD":
            self._onbuild(item)

    def _onbuild(self, item: Instruction) -> None:
        if item.line < self._original.read.stages[-1].line:
            what = "ONBUILD runs in the stages that build on this one, and is not repeated there"
            self._say("PRN301", "warning", item, what, "write what it runs where it is to run")
        else:
            what = "ONBUILD is left out: nothing builds on this image"
            self._say("PRN301", "note", item, what)

    def _run(self, item: Instruction, text: str) -> Iterator[str]:
        found = commands(item)
        if found is None:
            if brings_something(item):
                what = "RUN cannot be taken apart, so all of it is repeated, installing included"
                fix = "write its commands with && between them"
                self._say("PRN302", "warning", item, what, fix)
            yield self.stages.run(item, text)
            return
        stays = [one for one in found if purpose(one) in {Purpose.OTHER, Purpose.SHELL}]
        if self._original.moved:
            stays = [one for one in stays if not _DEBIAN_PYTHON.search(one.text)]
        if any(purpose(one) is Purpose.OTHER for one in stays):
            if len(stays) != len(found) or item.heredocs:
                flags = "".join(f"--{name}={value} " for name, value in item.flags)
                text = f"RUN {flags}" + " \\\n && ".join(one.text for one in stays)
            yield self.stages.run(item, text)

    def _copy(self, item: Instruction, text: str) -> Iterator[str]:
        listed = list(exec_form(item.value) or words(item.value))
        source = item.flag("from")
        sources = [self._scope.expand(word) for word in listed[:-1]]
        if item.heredocs or len(listed) < _LEAST or any(map(is_remote, sources)):
            yield text
            return
        to = self._scope.expand(listed[-1])
        if source is not None:
            yield from self._from(item, text, sources, to)
        else:
            place = self._scope.place(to)
            yield from self._context(item, sources, to, place)

    def _context(
        self, item: Instruction, sources: Sequence[str], to: str, place: str
    ) -> Iterator[str]:
        lines = list(self.copying.lines(item, sources, to, place))
        yield from lines
        for what, fix in self.copying.told():
            severity = "warning" if fix else "note"
            self._say("PRN306" if fix else "PRN304", severity, item, what, fix)

    def _from(self, item: Instruction, text: str, sources: Sequence[str], to: str) -> Iterator[str]:
        name = item.flag("from") or ""
        stage = self._original.index(name)
        place = self._scope.place(to)
        if stage is None:
            if not self._only_installs(sources):
                yield text
            return
        brings = installs(self._original.chain(stage))
        if brings and self._is_environment(place):
            return
        through = seen_through(self._original, stage, sources, to)
        if through is not None:
            for found, target in through:
                yield from self._context(item, found, target, self._scope.place(target))
            return
        if brings and self._covers_environment(place):
            what = (
                f"{to} is not copied from the stage {name}: it holds what the lock installs, and"
                " what else that stage makes there is missing"
            )
            self._say("PRN308", "warning", item, what, "copy what it makes by a COPY of its own")
            return
        if brings:
            what = f"the stage {name} is carried over whole, with all that it installs"
            self._say("PRN308", "note", item, what)
        yield self.stages.renamed(item, text)

    def _only_installs(self, sources: Sequence[str]) -> bool:
        """Return whether files of an image are installers that nothing runs any more."""
        names = {posixpath.basename(source) for source in sources}
        started = {posixpath.basename(word) for word in self._original.read.argv}
        return names <= INSTALLERS and not names & started

    def _is_environment(self, place: str) -> bool:
        own = self._original.prefix
        path = place.rstrip("/") or "/"
        if path in {own, f"{own}/bin", f"{own}/lib"} or any(part in path for part in _PACKAGES):
            return True
        return path.startswith((f"{own}/bin/", f"{own}/lib/"))

    def _covers_environment(self, place: str) -> bool:
        return self._original.prefix.startswith(f"{place.rstrip('/')}/")

    def _say(self, code: str, severity: str, item: Instruction, what: str, fix: str = "") -> None:
        where = f"{self._original.path}:{item.line}"
        self.findings.append(Finding(code=code, severity=severity, where=where, what=what, fix=fix))


def _installed(original: Original) -> frozenset[str]:
    """Return the requirement files, as absolute paths of the last stage, that it installs from."""
    scope = original.scope()
    found: set[str] = set()
    for item in original.chain(original.last):
        scope.take(item)
        if item.name == "RUN" and commands(item) is not None:
            found |= set(installed_files(item, scope.workdir, {}))
    return frozenset(found)


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


def _without_idle_users(texts: Sequence[str]) -> Iterator[str]:
    """Leave out a USER that nothing runs as: the image's own comes at the end."""
    for number, text in enumerate(texts):
        if _name(text) == "USER":
            later = [_name(after) for after in texts[number + 1 :]]
            end = later.index("USER") if "USER" in later else len(later)
            if not {"RUN", "WORKDIR"} & set(later[:end]):
                continue
        yield text


def _name(text: str) -> str:
    line = next((row for row in text.splitlines() if not row.startswith("#")), "")
    return line.split(None, 1)[0].upper() if line.strip() else ""
