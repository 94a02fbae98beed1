"""What one file says of one service."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from pruner.image.compose.place import Place, listed
from pruner.image.yaml_nodes import Node

SHELL = ("/bin/sh", "-c")
_PORT = re.compile(r"(?:.*:)?(\d{1,5})(?:-\d+)?(?:/tcp)?")
_VARIABLE = re.compile(r"[^=\s\x00-\x1f][^=\x00-\x1f]*")
_NOT_READ = ("develop", "configs", "secrets")
_MOST = 65535


class Layer(NamedTuple):
    """The table of a service in a file, on which others may lie."""

    place: Place
    name: str
    node: Node

    def warn(self, what: str) -> None:
        """Say what is wrong with the service, or left out of it."""
        self.place.warn(self.node.line, what)

    def warn_of_unread(self) -> None:
        """Say which keys pruner does not read."""
        for key in _NOT_READ:
            if self.node.get(key) is not None:
                self.warn(f"{key} of {self.name} is not read")

    def text(self, *path: str) -> str | None:
        """Return the scalar at a way of keys, None where nothing is there."""
        node = self.node.get(*path)
        return self.place.text(node) if node is not None else None

    def env_files(self) -> dict[str, str]:
        """Return the variables of the files that the service names."""
        found: dict[str, str] = {}
        for each in listed(self.node.get("env_file")):
            path = each if each.text is not None else each.get("path")
            required = each.get("required")
            needed = required is None or required.text != "false"
            if name := self.place.text(path):
                found |= self.place.env_file(name, self.node.line, needed=needed)
        return found

    def pairs(self, *path: str) -> dict[str, str]:
        """Return NAME=value pairs, of a list or of a table; a name alone is the caller's to set."""
        node = self.node.get(*path)
        if node is None:
            return {}
        found: dict[str, str] = {}
        for item in node.items:
            name, equals, value = self.place.text(item).partition("=")
            found[name] = value if equals else self.place.variables.get(name, "")
        for key, each in node.table.items():
            found[key] = "" if each.text in {"null", "~"} else self.place.text(each)
        odd = [name for name in found if not _VARIABLE.fullmatch(name)]
        for name in odd:
            del found[name]
            self.warn(f"{name!r} is no name of a variable; left out")
        return found

    def argv(self, key: str) -> tuple[str, ...] | None:
        """Return a command; text is split as a shell splits it, and no shell runs it."""
        node = self.node.get(key)
        if node is None or node.text in {"", "null", "~"}:
            return None
        if node.is_list:
            return tuple(self.place.texts(node))
        if node.text is None:
            self.warn("a command is neither text nor a list; left out")
            return None
        text = self.place.text(node)
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            self.warn(f"no command: {text} ({error})")
            return None

    def healthcheck(self) -> tuple[str, ...] | None:
        """Return what asks whether the service is well, () for nothing; None: it is not said."""
        node = self.node.get("healthcheck", "test")
        if node is None:
            return None
        if not node.is_list:
            return (*SHELL, self.place.text(node))
        words = self.place.texts(node)
        if words[:1] == ["CMD-SHELL"]:
            return (*SHELL, *words[1:2])
        return tuple(words[1:]) if words[:1] == ["CMD"] else ()

    def ports(self) -> Iterator[int]:
        """Yield the TCP ports of the container."""
        for key in ("ports", "expose"):
            listed = self.node.get(key)
            for item in listed.items if listed is not None else ():
                inner = item if item.text is not None else item.get("target")
                match = _PORT.fullmatch(self.place.text(inner))
                if match and 0 < int(match[1]) <= _MOST:
                    yield int(match[1])

    def depends_on(self) -> list[str]:
        """Return the services that have to be there first."""
        node = self.node.get("depends_on")
        return (
            [*(self.place.text(item) for item in node.items), *node.table]
            if node is not None
            else []
        )

    @property
    def gpu(self) -> bool:
        """Whether the service asks for a GPU."""
        devices = self.node.get("deploy", "resources", "reservations", "devices")
        for device in devices.items if devices is not None else ():
            asked = device.get("capabilities")
            if asked is not None and any(item.text == "gpu" for item in asked.items):
                return True
        runtime = self.node.get("runtime")
        return self.node.get("gpus") is not None or (
            runtime is not None and runtime.text == "nvidia"
        )
