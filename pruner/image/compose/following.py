"""`extends` and `include`: which tables of which files make up a service.

The rules: https://docs.docker.com/reference/compose-file/services/#extends and
https://docs.docker.com/reference/compose-file/include/ (2026-11-29).
"""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pruner.config.files import read_text
from pruner.errors import UsageError
from pruner.image.compose.layer import Layer
from pruner.image.compose.place import Place, listed
from pruner.image.yaml_nodes import Node, read_yaml

MOST_DEEP = 20
"""Services that extend each other, and files that include each other, one in another."""


class Stack(NamedTuple):
    """A service: where it is declared, and its layers, each of which goes over those before it."""

    own: Layer
    layers: tuple[Layer, ...]


class Files:
    """The files of one application, each of which is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._documents: dict[str, Node | None] = {}
        self._tables: dict[str, dict[str, Node]] = {}
        self.included: dict[str, None] = {}

    def services(self, place: Place, chain: tuple[str, ...]) -> dict[str, Stack]:
        """Return the services of a file, and those of the files that it includes.

        `chain` are the files by way of which this one was included, itself last. Raises UsageError
        with file and line for what is no compose file.
        """
        found = {
            name: Stack(layer, self._layers(layer, ()))
            for name, node in self._table(place.file).items()
            for layer in [Layer(place, name, node)]
        }
        document = self._document(place.file)
        include = document.get("include") if document is not None else None
        for each in listed(include):
            for name, stack in self._included(place, each, chain).items():
                if name in found:
                    other = stack.own.place.file
                    place.warn(each.line, f"{name} of {other} is left out: it is here as well")
                else:
                    found[name] = stack
        if not found:
            raise UsageError(f"{place.file}: has no services", hint="it is no compose file")
        return found

    def merged(self, places: list[Place], chain: tuple[str, ...]) -> dict[str, Stack]:
        """Return the services of files of which each goes over the one before it."""
        found: dict[str, Stack] = {}
        for place in places:
            for name, over in self.services(place, chain).items():
                below = found.get(name)
                found[name] = (
                    over if below is None else Stack(below.own, (*below.layers, *over.layers))
                )
        return found

    def _included(self, place: Place, node: Node, chain: tuple[str, ...]) -> dict[str, Stack]:
        """Return the services of what one entry of `include` names, {} where that is told."""
        path = node.get("path") if node.table else node
        files = [place.path(name, node.line) for name in place.texts(path) if name]
        known = [file for file in files if file is not None]
        if not files:
            place.warn(node.line, "include names no file")
        if not known or len(known) < len(files):
            return {}
        if known[0] in chain or len(chain) > MOST_DEEP:
            place.warn(node.line, f"{known[0]} is not included: it leads here again")
            return {}
        if known[0] in self.included:
            return {}
        self.included.update(dict.fromkeys(known))
        folder = posixpath.dirname(known[0])
        if directory := place.text(node.get("project_directory")):
            folder = place.path(directory, node.line) or folder
        variables = self._variables(place, node, folder)
        places = [place._replace(file=file, folder=folder, variables=variables) for file in known]
        try:
            return self.merged(places, (*chain, known[0]))
        except UsageError as error:
            place.warn(node.line, f"{error.message}; not included")
            return {}

    def _variables(self, place: Place, node: Node, folder: str) -> dict[str, str]:
        """Return the variables of included files: those of who includes them come first."""
        found: dict[str, str] = {}
        names = place.texts(node.get("env_file"))
        for name in names:
            found |= place.env_file(name, node.line)
        if not names:
            found = place._replace(folder=folder).env_file(".env", node.line, needed=False)
        return {**found, **place.variables}

    def _layers(self, layer: Layer, seen: tuple[tuple[str, str], ...]) -> tuple[Layer, ...]:
        """Return what a service extends, the farthest first, and the service."""
        seen = (*seen, (layer.place.file, layer.name))
        base = self._base(layer)
        if base is None:
            return (layer,)
        if (base.place.file, base.name) in seen or len(seen) > MOST_DEEP:
            layer.warn(f"{base.name} is not extended: it leads here again")
            return (layer,)
        return (*self._layers(base, seen), layer)

    def _base(self, layer: Layer) -> Layer | None:
        """Return the service that one extends, None where there is none, which is told."""
        extends = layer.node.get("extends")
        if extends is None:
            return None
        place = layer.place
        name = place.text(extends if extends.text is not None else extends.get("service"))
        if file := place.text(extends.get("file")):
            path = place.path(file, extends.line)
            if path is None:
                return None
            place = place._replace(file=path, folder=posixpath.dirname(path))
        try:
            node = self._table(place.file).get(name)
        except UsageError as error:
            layer.warn(f"{error.message}; not extended")
            return None
        if node is None:
            layer.warn(f"{layer.name} extends {name}, which is no service of {place.file}")
            return None
        return Layer(place, name, node)

    def _table(self, file: str) -> Mapping[str, Node]:
        """Return the services of a file by name, before anything is followed."""
        if file not in self._tables:
            document = self._document(file)
            table = document.get("services") if document is not None else None
            self._tables[file] = table.table if table is not None else {}
        return self._tables[file]

    def _document(self, file: str) -> Node | None:
        if file not in self._documents:
            self._documents[file] = read_yaml(read_text(self._root / file, file), file)
        return self._documents[file]
