"""Read requirement files and what they include.

Nested files are followed here and not by pip's parser, so that loops, missing files and
constraints of constraints are told apart.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pruner.config import Image
from pruner.errors import UsageError
from pruner.kept import Cache
from pruner.requirements.lines import Bad, Line, Linked, Named, Option, lines
from pruner.requirements.locked import lock_beside, read_lock
from pruner.requirements.misplaced import Apart, apart
from pruner.requirements.mistakes import one_line, refuse_contradictions, unparsable
from pruner.requirements.project import FILE as PROJECT
from pruner.requirements.project import read_project
from pruner.requirements.values import Direct, Indexes, Misplaced, Requirement, Requirements

_SCHEME = re.compile(r"(https?|ftp|file):", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")  # as pip spells them
_PLURAL = {"extra_index_url": "extra_index_urls", "trusted_host": "trusted_hosts"}
_URL = re.compile(r"[a-z+]+://", re.IGNORECASE)
_FLAGS = {"no_index", "pre"}


def read_requirements(
    paths: Sequence[Path],
    root: Path | None = None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Requirements:
    """Read requirement files and all that they include.

    Files are named relative to `root`, where it is given. A pyproject.toml counts with `extras` and
    `groups`, and what a lock beside it pins are constraints. Raises UsageError with file and
    line for what cannot be read, does not parse, includes itself or contradicts itself.
    """
    reader = _Reader(root, extras, groups)
    for path in paths:
        reader.read(path, constraint=False, above=())
    return reader.result()


def read_leniently(
    paths: Sequence[Path],
    root: Path | None = None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    cache: Cache | None = None,
) -> tuple[Requirements, tuple[UsageError, ...]]:
    """Read as much of requirement files as can be read, and return what cannot as errors.

    With a cache only those files are parsed that it lacks.
    """
    errors: list[UsageError] = []
    reader = _Reader(root, extras, groups, errors, cache)
    for path in paths:
        reader.read(path, constraint=False, above=())
    return reader.result(), tuple(errors)


def of_image(image: Image, root: Path) -> Requirements:
    """Read the requirement files of an image; `root` is the folder of its configuration."""
    paths = [root / name for name in image.requirements]
    return read_requirements(paths, root, image.extras, image.groups)


class _Place(NamedTuple):
    """Where a line stands: its file and how that is shown, and the files that lead to it."""

    path: Path
    shown: str
    constraint: bool
    above: tuple[Path, ...]


class _Reader:
    """Collects the lines of all files; each is read once as requirements, once as constraints.

    Mistakes are raised, or collected where there is a list for them.
    """

    def __init__(
        self,
        root: Path | None,
        extras: Sequence[str] = (),
        groups: Sequence[str] = (),
        errors: list[UsageError] | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._root = root
        self._extras = extras
        self._groups = groups
        self._errors = errors
        self._cache = cache
        self._seen: dict[tuple[Path, bool], str] = {}
        self._named: dict[bool, list[Requirement]] = {False: [], True: []}
        self._direct: list[Direct] = []
        self._options: dict[str, Any] = {}
        self._misplaced: list[Misplaced] = []
        self._variables: set[str] = set()

    def result(self) -> Requirements:
        """Return what was collected, or raise UsageError where pins contradict each other."""
        with self._telling():
            refuse_contradictions(self._named[False])
        return Requirements(
            requirements=tuple(self._named[False]),
            constraints=tuple(self._named[True]),
            direct=tuple(self._direct),
            indexes=msgspec.convert(self._options, Indexes),
            misplaced=tuple(self._misplaced),
            variables=tuple(sorted(self._variables)),
            files=tuple(dict.fromkeys(self._seen.values())),
        )

    def read(
        self, path: Path, *, constraint: bool, above: tuple[Path, ...], by: str | None = None
    ) -> None:
        """Read one file; `above` are the files that lead to it, `by` the line that names it."""
        with self._telling():
            self._read(path, constraint=constraint, above=above, by=by)

    def _read(
        self, path: Path, *, constraint: bool, above: tuple[Path, ...], by: str | None
    ) -> None:
        shown = self._shown(path)
        full = path.resolve()
        if path.name == PROJECT:
            self._seen[full, constraint] = shown
            self._project(path, shown, above=(*above, full))
            return
        found = _lines(path, shown, by, self._cache)
        if full in above:
            loop = " -> ".join(self._shown(file) for file in (*above[above.index(full) :], full))
            what = f"{by}: {shown} includes itself: {loop}"
            raise UsageError(what, hint="take out one of these lines")
        if (full, constraint) in self._seen:
            return
        self._seen[full, constraint] = shown
        refused = [line for line in found if isinstance(line, Bad) and not line.is_misplaced]
        for bad in refused:
            self._refuse(unparsable(f"{shown}:{bad.number}", bad.text, bad.error))
        for line in found:
            if line not in refused:
                with self._telling():
                    self._take(line, _Place(path, shown, constraint, (*above, full)))

    def _take(self, line: Line, place: _Place) -> None:
        match line:
            case Option():
                self._option(line, place)
            case Bad():
                self._apart(line, place)
            case Named() | Linked():
                self._requirement(line, place, line.number)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except UsageError as error:
            self._refuse(error)

    def _refuse(self, error: UsageError) -> None:
        if self._errors is None:
            raise error
        self._errors.append(error)

    def _project(self, path: Path, shown: str, above: tuple[Path, ...]) -> None:
        """Take what a pyproject.toml asks for, and what its lock pins."""
        project = read_project(path, shown)
        lock = lock_beside(path, self._root or path.parent)
        pins = read_lock(lock, self._shown(lock)) if lock is not None else ()
        own = {pin.key: pin.own for pin in pins}
        for line in project.asked(self._extras, self._groups):
            if isinstance(line, Direct):
                self._direct.append(line)
            else:
                tied = msgspec.structs.replace(line, own=own.get(line.key))
                self._named[False].append(tied)
        if url := project.indexes.index_url:
            self._options.setdefault("index_url", url)
        extra = self._options.get("extra_index_urls", [])
        self._options["extra_index_urls"] = [*extra, *project.indexes.extra_index_urls]
        for name in project.files:
            self.read(path.parent / name, constraint=False, above=above, by=shown)
        self._named[True] += pins
        if lock is not None:
            self._seen[lock.resolve(), True] = self._shown(lock)

    def _apart(self, bad: Bad, place: _Place) -> None:
        """Take a line with options on it for what its author meant."""
        found = apart(bad.text)
        alone = _lines_of(found.requirement)
        if len(alone) != 1 or not isinstance(alone[0], Named | Linked) or not found.options:
            raise unparsable(f"{place.shown}:{bad.number}", bad.text, bad.error)
        self._misplaced.append(
            Misplaced(
                file=place.shown,
                line=bad.number,
                requirement=one_line(found.requirement),
                options=tuple(one_line(" ".join(pair).strip()) for pair in found.options),
            )
        )
        self._requirement(alone[0], place, bad.number, self._own(found, place.path))

    def _own(self, found: Apart, path: Path) -> Indexes:
        options: dict[str, Any] = {}
        for option, value in found.options:
            name = option.removeprefix("--").replace("-", "_")
            name = _PLURAL.get(name, name)
            if name in _FLAGS:
                options[name] = True
            elif name == "index_url":
                options[name] = self._whole(name, value, path)
            else:
                options.setdefault(name, []).append(self._whole(name, value, path))
        return msgspec.convert(options, Indexes)

    def _whole(self, name: str, value: str, path: Path) -> str:
        """Return the value of an option with its variables replaced, and a folder's whole path."""
        for variable in _VARIABLE.findall(value):
            if variable in os.environ:
                self._variables.add(variable)
                value = value.replace(f"${{{variable}}}", os.environ[variable])
        if name != "find_links" or _URL.match(value):
            return value
        beside = path.parent / value  # as pip does: beside the file, else in the current folder
        return str((beside if beside.exists() else (self._root or Path()) / value).absolute())

    def _requirement(
        self, found: Named | Linked, place: _Place, number: int, own: Indexes | None = None
    ) -> None:
        file = place.shown
        match found:
            case Linked(_, text, name, url, editable):
                direct = Direct(
                    text=text, name=name, url=url, editable=editable, file=file, line=number
                )
                self._direct.append(direct)
            case Named(_, name, specifier, extras, marker, hashes):
                self._named[place.constraint].append(
                    Requirement(
                        name=name,
                        specifier=specifier,
                        extras=extras,
                        marker=marker,
                        hashes=hashes,
                        file=file,
                        line=number,
                        own=own,
                    )
                )

    def _option(self, line: Option, place: _Place) -> None:
        path, by = place.path, f"{place.shown}:{line.number}"
        for name, value in line.values.items():
            if name in {"requirements", "constraints"}:
                inner = place.constraint or name == "constraints"
                for nested in value:
                    file = _nested(path, nested, by)
                    self.read(file, constraint=inner, above=place.above, by=by)
            elif name in Indexes.__struct_fields__:
                if isinstance(value, list):
                    whole = [self._whole(name, part, path) for part in value]
                    self._options[name] = self._options.get(name, []) + whole
                else:
                    text = isinstance(value, str)
                    self._options[name] = self._whole(name, value, path) if text else value

    def _shown(self, path: Path) -> str:
        if self._root is None:
            return one_line(str(path))
        return one_line(Path(os.path.relpath(path, self._root)).as_posix())


def _nested(path: Path, nested: str, by: str) -> Path:
    if _SCHEME.match(nested):
        hint = "save the file in the project and include it from there"
        raise UsageError(f"{by}: {one_line(nested)} is not a local file", hint=hint)
    return path.parent / nested


def _lines_of(text: str) -> tuple[Line, ...]:
    with tempfile.TemporaryDirectory(prefix="pruner-line-") as name:
        file = Path(name) / "line.txt"
        file.write_text(text, encoding="utf-8", errors="replace")
        return _lines(file, "line", None)


def _lines(path: Path, shown: str, by: str | None, cache: Cache | None = None) -> tuple[Line, ...]:
    prefix = f"{by}: " if by else ""
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            what = f"{prefix}{shown} is {kind}, a requirement file was expected"
            raise UsageError(what, hint="name a file")
        return lines(path, cache)
    except FileNotFoundError:
        hint = "paths after -r and -c are relative to the file they stand in" if by else None
        raise UsageError(f"{prefix}{shown} does not exist", hint=hint) from None
    except (UnicodeError, LookupError) as error:
        what = one_line(f"{prefix}{shown} cannot be decoded: {error}")
        raise UsageError(what, hint="save the file as UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        what = one_line(f"{prefix}{shown} cannot be read: {why}")
        raise UsageError(what, hint="see who may read it") from None
