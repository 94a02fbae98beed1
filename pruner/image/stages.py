"""Walk through the instructions of a Dockerfile and keep what each stage leaves behind."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from pruner.errors import UsageError
from pruner.image.copies import Copy, description, origin
from pruner.image.expand import exec_form, expand, pairs, words
from pruner.image.installs import installed_files, mounted, named_indexes
from pruner.image.instructions import Instruction
from pruner.image.projects import Install, installed_projects
from pruner.image.values import Dockerfile, Stage

_FROM = re.compile(r"(\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/tcp)?", re.IGNORECASE)
_HEALTHCHECK = re.compile(r"(?:--\S+\s+)*CMD\s+(.+)", re.IGNORECASE | re.DOTALL)
_SHELL = ("/bin/sh", "-c")
_MOST = 65535


@dataclass
class _State:
    """What a stage has set so far; a stage that builds on another starts from a copy of it."""

    env: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str | None = None
    shell: tuple[str, ...] = _SHELL
    entrypoint: tuple[str, ...] | None = None
    entrypoint_shell: bool = False
    cmd: tuple[str, ...] | None = None
    cmd_is_inherited: bool = False
    healthcheck: tuple[str, ...] = ()
    expose: tuple[int, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        return {**self.args, **self.env}

    def child(self) -> "_State":
        return replace(self, env=dict(self.env), args={}, cmd_is_inherited=True)


def build(
    instructions: Sequence[Instruction],
    build_args: Mapping[str, str],
    path: str,
    context: Path | None,
) -> Dockerfile:
    """Return what a Dockerfile builds; `path` is its name in messages."""
    walk = _Walk(build_args, path)
    for item in instructions:
        walk.step(item)
    return walk.result(context)


class _Walk:
    """One pass over the instructions."""

    def __init__(self, build_args: Mapping[str, str], path: str) -> None:
        self._build_args = build_args
        self._path = path
        self._globals: dict[str, str] = {}
        self._stages: list[Stage] = []
        self._states: list[_State] = []
        self._copies: dict[int, list[Copy]] = {}
        self._installs: dict[int, list[str]] = {}
        self._indexes: dict[int, list[tuple[str, str]]] = {}
        self._projects: dict[int, list[Install]] = {}

    def step(self, item: Instruction) -> None:
        """Take one instruction in."""
        if item.name == "FROM":
            self._from(item)
        elif item.name == "ARG":
            self._arg(item)
        elif item.name in {"COPY", "ADD"}:
            self._copy(item)
        elif item.name == "RUN":
            self._run(item)
        else:
            _set(self._states[-1], item)

    def result(self, context: Path | None) -> Dockerfile:
        """Return the whole, as seen from the last stage."""
        state = self._states[-1]
        reached = sorted(self._reached(len(self._stages) - 1))
        found = [
            origin(file, stage, self._copies, context)
            for stage in reached
            for file in self._installs.get(stage, ())
        ]
        return Dockerfile(
            stages=tuple(self._stages),
            healthcheck=state.healthcheck,
            entrypoint=state.entrypoint,
            entrypoint_shell=state.entrypoint_shell,
            cmd=state.cmd,
            workdir=state.workdir,
            env=state.env,
            user=state.user,
            expose=state.expose,
            copies=tuple(
                copy for stage in reached for copy in self._own(stage) if copy.stage is None
            ),
            requirements=tuple(dict.fromkeys(file for file in found if file)),
            indexes=tuple(
                dict.fromkeys(pair for stage in reached for pair in self._indexes.get(stage, ()))
            ),
            projects=tuple(self._found(reached, context)),
            layers={stage: tuple(self._copies[stage]) for stage in reached},
        )

    def _found(self, reached: Sequence[int], context: Path | None) -> Iterator[Install]:
        """Yield the installations of projects whose folder stems from the build context."""
        for stage in reached:
            for item in self._projects.get(stage, ()):
                path = description(item.folder, stage, self._copies, context)
                if path is not None:
                    yield msgspec.structs.replace(item, path=path)

    def _reached(self, stage: int) -> set[int]:
        found, todo = set(), [stage]
        while todo:
            at = todo.pop()
            if at not in found:
                found.add(at)
                parent = self._stages[at].parent
                todo += [] if parent is None else [parent]
                todo += [copy.stage for copy in self._copies[at] if copy.stage is not None]
        return found

    def _own(self, stage: int) -> Iterator[Copy]:
        parent = self._stages[stage].parent
        inherited = len(self._copies[parent]) if parent is not None else 0
        yield from self._copies[stage][inherited:]

    def _from(self, item: Instruction) -> None:
        match = _FROM.fullmatch(item.value)
        if match is None:
            hint = "FROM python:3.12-slim AS builder, for example"
            what = f"{self._path}:{item.line}: FROM takes an image, and AS with a name"
            raise UsageError(what, hint=hint)
        base = expand(match[1], self._globals)
        unset = [name for name in re.findall(r"\$\{?(\w+)", match[1]) if name not in self._globals]
        if not base or (unset and not re.search(r":?[-+]", match[1])):
            name = unset[0] if unset else match[1].strip("${}")
            hint = f"give it a default, or build_args = {{ {name} = … }}"
            raise UsageError(f"{self._path}:{item.line}: {name} of FROM has no value", hint=hint)
        parent = self._stage_index(base) if not base.isdigit() else None
        index = len(self._stages)
        self._stages.append(Stage(name=match[2], base=base, parent=parent, line=item.line))
        self._states.append(self._states[parent].child() if parent is not None else _State())
        self._copies[index] = list(self._copies[parent]) if parent is not None else []

    def _stage_index(self, name: str) -> int | None:
        for index, stage in reversed(list(enumerate(self._stages))):
            if name == str(index) or (stage.name or "").lower() == name.lower():
                return index
        return None

    def _arg(self, item: Instruction) -> None:
        known = self._states[-1].variables if self._states else self._globals
        for name, default in pairs(item.value, known).items():
            value = self._build_args.get(name, default)
            if value is None and self._states:
                value = self._globals.get(name)
            if value is not None:
                (self._states[-1].args if self._states else self._globals)[name] = value

    def _copy(self, item: Instruction) -> None:
        state = self._states[-1]
        listed = exec_form(item.value) or tuple(words(item.value))
        paths = [expand(word, state.variables) for word in listed]
        source = item.flag("from")
        stage = self._stage_index(source) if source is not None else None
        if len(paths) < 2 or (source is not None and stage is None):  # noqa: PLR2004  from, to
            return  # a here-document, or files of another image
        to = posixpath.join(state.workdir, paths[-1])
        slash = "/" if paths[-1].endswith(("/", "/.")) or paths[-1] == "." else ""
        to = posixpath.normpath(to).rstrip("/") + slash
        sources = tuple(path for path in paths[:-1] if not path.startswith("<<"))
        copy = Copy(sources=sources, to=to or "/", stage=stage, line=item.line)
        self._copies[len(self._stages) - 1].append(copy)

    def _run(self, item: Instruction) -> None:
        state, index = self._states[-1], len(self._stages) - 1
        for source, target, name in mounted(item, state.workdir):
            stage = self._stage_index(name) if name else None
            if name is None or stage is not None:
                copy = Copy(sources=(source,), to=target, stage=stage, line=item.line)
                self._copies[index].append(copy)
        files = installed_files(item, state.workdir, state.variables)
        self._installs.setdefault(index, []).extend(files)
        self._indexes.setdefault(index, []).extend(named_indexes(item, state.variables))
        projects = installed_projects(item, state.workdir, state.variables)
        self._projects.setdefault(index, []).extend(projects)


def _set(state: _State, item: Instruction) -> None:
    value = expand(item.value, state.variables)
    if item.name == "ENV":
        found = pairs(item.value, state.variables)
        state.env.update({name: text or "" for name, text in found.items()})
    elif item.name == "WORKDIR":
        state.workdir = posixpath.normpath(posixpath.join(state.workdir, value))
    elif item.name == "USER":
        state.user = value
    elif item.name == "EXPOSE":
        state.expose = tuple(dict.fromkeys((*state.expose, *_ports(value))))
    elif item.name == "SHELL":
        state.shell = exec_form(item.value) or state.shell
    elif item.name == "HEALTHCHECK":
        state.healthcheck = _healthcheck(item.value, state.shell)
    elif item.name == "CMD":
        listed = exec_form(item.value)
        state.cmd = (*state.shell, item.value) if listed is None else listed
        state.cmd_is_inherited = False
    elif item.name == "ENTRYPOINT":
        listed = exec_form(item.value)
        state.entrypoint = (*state.shell, item.value) if listed is None else listed
        state.entrypoint_shell = listed is None
        if state.cmd_is_inherited:
            state.cmd = None


def _healthcheck(value: str, shell: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command of a HEALTHCHECK, behind its options; NONE has none."""
    match = _HEALTHCHECK.fullmatch(value.strip())
    return (exec_form(match[1]) or (*shell, match[1])) if match else ()


def _ports(text: str) -> Iterator[int]:
    for word in text.split():
        match = _PORTS.fullmatch(word)
        if match:
            first, last = int(match[1]), min(int(match[2] or match[1]), _MOST)
            yield from (port for port in range(first, last + 1) if port)
