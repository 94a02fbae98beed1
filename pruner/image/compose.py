"""What a compose file says of the services that are built from a tree, and of those beside them."""

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from pruner.config.files import read_text
from pruner.config.mistakes import one_line
from pruner.errors import UsageError
from pruner.image.interpolation import interpolated, read_env
from pruner.image.yaml_nodes import Node, read_yaml
from pruner.model import Value

NAMES = (
    "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml",
)  # fmt: skip
"""The first that a folder has is the one that is meant."""
OVERRIDES = (
    "compose.override.yaml", "compose.override.yml",
    "docker-compose.override.yaml", "docker-compose.override.yml",
)  # fmt: skip

_PORT = re.compile(r"(?:.*:)?(\d{1,5})(?:-\d+)?(?:/tcp)?")
_VARIABLE = re.compile(r"[^=\s\x00-\x1f][^=\x00-\x1f]*")
_SHELL = ("/bin/sh", "-c")
_NOT_READ = ("extends", "develop", "configs", "secrets")
_MOST = 65535


class Build(Value, frozen=True, kw_only=True):
    """How a service is built: paths relative to the tree."""

    context: str
    dockerfile: str
    args: dict[str, str] = {}  # noqa: RUF012
    target: str | None = None


class Service(Value, frozen=True, kw_only=True):
    """One service; None is what the file does not say, and the image does."""

    name: str
    file: str
    line: int
    build: Build | None = None
    image: str | None = None
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    env: dict[str, str] = {}  # noqa: RUF012  those of its env files first
    ports: tuple[int, ...] = ()  # in the container
    healthcheck: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    workdir: str | None = None
    gpu: bool = False

    @property
    def where(self) -> str:
        """The place in the file."""
        return f"{self.file}:{self.line}"


class Compose(Value, frozen=True, kw_only=True):
    """The services of one folder, and what could not be read."""

    services: dict[str, Service]
    warnings: tuple[str, ...] = ()


def read_compose(root: Path, file: str, override: str | None = None) -> Compose:
    """Read a compose file and the one that goes over it; both relative to `root`.

    Variables are those of the file .env beside it: a draft does not depend on who makes it. Raises
    UsageError with file and line for what is no compose file.
    """
    reader = _Reader(root, posixpath.dirname(file))
    found = reader.services(file)
    for name, over in (reader.services(override) if override else {}).items():
        found[name] = _over(found[name], over) if name in found else over
    return Compose(services=found, warnings=tuple(dict.fromkeys(reader.warnings)))


def _over(below: Service, over: Service) -> Service:
    """Return a service with what another file says of it: lists are added to, values replaced."""
    said = {
        field: value
        for field in ("build", "image", "entrypoint", "command", "workdir")
        if (value := getattr(over, field)) is not None
    }
    return msgspec.structs.replace(
        below,
        **said,
        env={**below.env, **over.env},
        ports=tuple(dict.fromkeys((*below.ports, *over.ports))),
        depends_on=tuple(dict.fromkeys((*below.depends_on, *over.depends_on))),
        healthcheck=over.healthcheck or below.healthcheck,
        gpu=below.gpu or over.gpu,
    )


class _Reader:
    """Reads the files of one folder."""

    def __init__(self, root: Path, folder: str) -> None:
        self._root = root
        self._folder = folder
        self.warnings: list[str] = []
        self._variables = self._env_file(".env", where="", needed=False)

    def services(self, file: str) -> dict[str, Service]:
        """Return the services of one file."""
        document = read_yaml(read_text(self._root / file, file), file)
        table = document.get("services") if document is not None else None
        if document is not None and document.get("include") is not None:
            self.warnings.append(f"{file}: include is not followed")
        if table is None or not table.table:
            raise UsageError(f"{file}: has no services", hint="it is no compose file")
        return {name: self._service(name, node, file) for name, node in table.table.items()}

    def _service(self, name: str, node: Node, file: str) -> Service:
        where = f"{file}:{node.line}"
        for key in _NOT_READ:
            if node.get(key) is not None:
                self.warnings.append(one_line(f"{where}: {key} of {name} is not read"))
        image = node.get("image")
        return Service(
            name=name,
            file=file,
            line=node.line,
            build=self._build(node.get("build"), where),
            image=self._text(image, where) if image is not None else None,
            entrypoint=self._argv(node.get("entrypoint"), where),
            command=self._argv(node.get("command"), where),
            env=self._environment(node, where),
            ports=tuple(dict.fromkeys(self._ports(node, where))),
            healthcheck=self._healthcheck(node.get("healthcheck", "test"), where),
            depends_on=tuple(self._names(node.get("depends_on"), where)),
            workdir=self._text(node.get("working_dir"), where) or None,
            gpu=_gpu(node),
        )

    def _build(self, node: Node | None, where: str) -> Build | None:
        if node is None:
            return None
        context = self._text(node if node.text is not None else node.get("context"), where) or "."
        if "://" in context or context.startswith("git@"):
            self.warnings.append(one_line(f"{where}: its build context is not here: {context}"))
            return None
        if node.get("dockerfile_inline") is not None:
            self.warnings.append(f"{where}: dockerfile_inline is not read")
            return None
        folder = posixpath.normpath(posixpath.join(self._folder, context))
        file = self._text(node.get("dockerfile"), where) or "Dockerfile"
        target = self._text(node.get("target"), where) or None
        if target is not None:
            self.warnings.append(
                one_line(f"{where}: target {target} is not followed: pruner takes the last stage")
            )
        return Build(
            context=folder,
            dockerfile=posixpath.normpath(posixpath.join(folder, file)),
            args=self._pairs(node.get("args"), where),
            target=target,
        )

    def _environment(self, node: Node, where: str) -> dict[str, str]:
        found: dict[str, str] = {}
        files = node.get("env_file")
        listed = files.items if files is not None and files.is_list else [files]
        for each in filter(None, listed):
            path = each if each.text is not None else each.get("path")
            required = each.get("required")
            needed = required is None or required.text != "false"
            if name := self._text(path, where):
                found |= self._env_file(name, where=where, needed=needed)
        return found | self._pairs(node.get("environment"), where)

    def _env_file(self, name: str, *, where: str, needed: bool) -> dict[str, str]:
        path = posixpath.normpath(posixpath.join(self._folder, name))
        if path.startswith("..") or posixpath.isabs(path):
            self.warnings.append(one_line(f"{where}: {name} lies outside the tree; left out"))
            return {}
        if not needed and not (self._root / path).is_file():
            return {}
        try:
            return read_env(read_text(self._root / path, path))
        except UsageError as error:
            self.warnings.append(f"{where}: {error.message}" if where else error.message)
            return {}

    def _pairs(self, node: Node | None, where: str) -> dict[str, str]:
        """Return NAME=value pairs, of a list or of a table; a name alone is the caller's to set."""
        if node is None:
            return {}
        found: dict[str, str] = {}
        for item in node.items:
            name, equals, value = self._text(item, where).partition("=")
            found[name] = value if equals else self._variables.get(name, "")
        for key, each in node.table.items():
            found[key] = "" if each.text in {"null", "~"} else self._text(each, where)
        odd = [name for name in found if not _VARIABLE.fullmatch(name)]
        for name in odd:
            del found[name]
            self.warnings.append(one_line(f"{where}: {name!r} is no name of a variable; left out"))
        return found

    def _argv(self, node: Node | None, where: str) -> tuple[str, ...] | None:
        """Return a command; text is split as a shell splits it, and no shell runs it."""
        if node is None or node.text in {"", "null", "~"}:
            return None
        if node.is_list:
            return tuple(self._text(item, where) for item in node.items)
        text = self._text(node, where)
        if node.text is None:
            self.warnings.append(f"{where}: a command is neither text nor a list; left out")
            return None
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            self.warnings.append(one_line(f"{where}: no command: {text} ({error})"))
            return None

    def _healthcheck(self, node: Node | None, where: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not node.is_list:
            return (*_SHELL, self._text(node, where))
        words = [self._text(item, where) for item in node.items]
        if words[:1] == ["CMD-SHELL"]:
            return (*_SHELL, *words[1:2])
        return tuple(words[1:]) if words[:1] == ["CMD"] else ()

    def _ports(self, node: Node, where: str) -> Iterator[int]:
        for key in ("ports", "expose"):
            listed = node.get(key)
            for item in listed.items if listed is not None else ():
                inner = item if item.text is not None else item.get("target")
                match = _PORT.fullmatch(self._text(inner, where))
                if match and 0 < int(match[1]) <= _MOST:
                    yield int(match[1])

    def _names(self, node: Node | None, where: str) -> Iterable[str]:
        if node is None:
            return ()
        return [*(self._text(item, where) for item in node.items), *node.table]

    def _text(self, node: Node | None, where: str) -> str:
        if node is None or node.text is None:
            return ""

        def unset(name: str) -> None:
            place = f"{where.rpartition(':')[0]}:{node.line}"
            self.warnings.append(f"{place}: {name} has no value; taken as empty")

        return interpolated(node.text, self._variables, unset).replace("\0", "")


def _gpu(node: Node) -> bool:
    """Return whether a service asks for a GPU."""
    devices = node.get("deploy", "resources", "reservations", "devices")
    for device in devices.items if devices is not None else ():
        asked = device.get("capabilities")
        if asked is not None and any(item.text == "gpu" for item in asked.items):
            return True
    runtime = node.get("runtime")
    return node.get("gpus") is not None or (runtime is not None and runtime.text == "nvidia")


def compose_files(names: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str | None]]:
    """Yield (file, override) of each folder that has one; `names` are those of each folder."""
    for folder in sorted(names):
        here = set(names[folder])
        file = next((name for name in NAMES if name in here), None)
        if file is not None:
            over = next((name for name in OVERRIDES if name in here), None)
            yield posixpath.join(folder, file), over and posixpath.join(folder, over)
