"""The stages of the original that the new Dockerfile has as well: something is copied from them."""

import json
import posixpath
from collections.abc import Iterator

from pruner.image.expand import exec_form, words
from pruner.image.instructions import Instruction
from pruner.image.minimal.original import Original
from pruner.image.minimal.scope import Scope
from pruner.image.minimal.tree import relative

OURS = frozenset(["shared-builder", "shared", "builder", "runtime"])
"""Names of the stages that pruner writes."""
_LEAST = 2  # words of a COPY: from and to


class Stages:
    """The names that stages have in the new Dockerfile, and those that are wanted there."""

    def __init__(self, original: Original) -> None:
        self._original = original
        self._names = _names(original)
        self._wanted: set[int] = set()
        self.copied: list[str] = []  # of the context, as paths from the root of the project

    def want(self, name: str) -> str | None:
        """Have a stage carried over and return its new name; None where an image is meant."""
        index = self._original.index(name)
        if index is None:
            return None
        self._wanted.add(index)
        return self._names[index]

    def texts(self) -> tuple[str, ...]:
        """Return the stages that are wanted, and those that they need in turn."""
        found: list[str] = []
        for index in reversed(range(self._original.last)):  # one only needs those before it
            if index in self._wanted:
                found.insert(0, "\n".join(self._stage(index)))
        return tuple(found)

    def run(self, item: Instruction, text: str) -> str:
        """Return the text of a RUN whose mounts are those of the new Dockerfile."""
        for flag, value in item.flags:
            if flag == "mount":
                text = text.replace(f"--mount={value}", f"--mount={self._mount(value)}", 1)
        return text

    def renamed(self, item: Instruction, text: str) -> str:
        """Return the text of a COPY from a stage that has another name now."""
        source = item.flag("from") or ""
        name = self.want(source)
        return text if name is None else text.replace(f"--from={source}", f"--from={name}", 1)

    def _mount(self, value: str) -> str:
        parts = [part.partition("=")[::2] for part in value.split(",")]
        options = dict(parts)
        if options.get("type", "bind") != "bind":
            return value
        if "from" in options:
            options["from"] = self.want(options["from"]) or options["from"]
            return ",".join(_option(key, options[key]) for key, _ in parts)
        source = options.get("source") or options.get("src") or "."
        path = self.below(source)
        if not self._original.folder:
            return value
        kept = [(key, at) for key, at in parts if key not in {"source", "src"}]
        return ",".join(_option(key, at) for key, at in [*kept, ("source", path)])

    def below(self, source: str) -> str:
        """Return a path of the context as one from the root of the project, and have it sent."""
        path = posixpath.join(self._original.folder, relative(source)) or "."
        self.copied.append(path.rstrip("/"))
        return self.copied[-1]

    def _stage(self, index: int) -> Iterator[str]:
        stage = self._original.read.stages[index]
        base = stage.base
        if stage.parent is not None:
            self._wanted.add(stage.parent)
            base = self._names[stage.parent]
        item = next(row for row in self._original.instructions if row.line == stage.line)
        yield f"FROM {flags_of(item)}{base} AS {self._names[index]}"
        scope = self._original.scope()
        for item in self._original.own(index):
            scope.take(item)
            yield self._step(item, scope)

    def _step(self, item: Instruction, scope: Scope) -> str:
        text = self._original.written(item)
        if item.name == "ARG":
            return scope.argument(item) or text
        if item.name == "RUN":
            return self.run(item, text)
        if item.name not in {"COPY", "ADD"}:
            return text
        if item.flag("from") is not None:
            return self.renamed(item, text)
        return self._copy(item, scope, text)

    def _copy(self, item: Instruction, scope: Scope, text: str) -> str:
        listed = list(exec_form(item.value) or words(item.value))
        if len(listed) < _LEAST or item.heredocs:
            return text
        sources = [scope.expand(word) for word in listed[:-1]]
        if any(is_remote(source) for source in sources):
            return text
        paths = [self.below(source) for source in sources]
        return copy_line(item, paths, listed[-1]) if self._original.folder else text


def is_remote(source: str) -> bool:
    """Return whether ADD gets a source from elsewhere."""
    return "://" in source or source.startswith("git@")


def flags_of(item: Instruction, without: str = "") -> str:
    """Return the flags of an instruction as text that ends in a space, or nothing."""
    return "".join(
        f"--{name}={value} " if value else f"--{name} "
        for name, value in item.flags
        if name != without
    )


def copy_line(item: Instruction, sources: list[str], to: str, name: str = "") -> str:
    """Return the line that copies sources of the context."""
    head = f"{name or item.name} {flags_of(item, 'from')}"
    if any(set(" \t[]") & set(path) for path in (*sources, to)):
        return f"{head}{json.dumps([*sources, to], ensure_ascii=False)}"
    return f"{head}{' '.join(sources)} {to}"


def _option(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def _names(original: Original) -> list[str]:
    """Return a name for each stage: its own, unless it has none, or one of ours."""
    names: list[str] = []
    own = {(stage.name or "").lower() for stage in original.read.stages}
    for index, stage in enumerate(original.read.stages):
        name = (stage.name or "").lower()
        if not name or name in OURS or name in names:
            name = f"original-{name or index}"
            while name in own or name in names:
                name += "-stage"
        names.append(name)
    return names
