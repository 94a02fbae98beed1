"""Read requirement files and what they include.

The parser is pip's own, as pip-requirements-parser packs it. Nested files are followed here, so
that loops, missing files and constraints of constraints are told apart.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pruner.config import Image
from pruner.errors import UsageError
from pruner.requirements.locked import lock_beside, read_lock
from pruner.requirements.misplaced import Apart, apart
from pruner.requirements.mistakes import (
    MISPLACED,
    one_line,
    refuse_contradictions,
    unparsable,
)
from pruner.requirements.project import FILE as PROJECT
from pruner.requirements.project import read_project
from pruner.requirements.values import Direct, Indexes, Misplaced, Requirement, Requirements

if TYPE_CHECKING:
    from pip_requirements_parser import RequirementsFile

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
) -> tuple[Requirements, tuple[UsageError, ...]]:
    """Read as much of requirement files as can be read, and return what cannot as errors."""
    errors: list[UsageError] = []
    reader = _Reader(root, extras, groups, errors)
    for path in paths:
        reader.read(path, constraint=False, above=())
    return reader.result(), tuple(errors)


def of_image(image: Image, root: Path) -> Requirements:
    """Read the requirement files of an image; `root` is the folder of its configuration."""
    paths = [root / name for name in image.requirements]
    return read_requirements(paths, root, image.extras, image.groups)


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
    ) -> None:
        self._root = root
        self._extras = extras
        self._groups = groups
        self._errors = errors
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
        parsed = _parsed(path, shown, by)
        if full in above:
            loop = " -> ".join(self._shown(file) for file in (*above[above.index(full) :], full))
            what = f"{by}: {shown} includes itself: {loop}"
            raise UsageError(what, hint="take out one of these lines")
        if (full, constraint) in self._seen:
            return
        self._seen[full, constraint] = shown
        for bad in parsed.invalid_lines:
            if not bad.error_message.startswith(MISPLACED):
                where = f"{shown}:{bad.line_number}"
                self._refuse(unparsable(where, bad.line, bad.error_message))
        meant = [row for row in parsed.invalid_lines if row.error_message.startswith(MISPLACED)]
        every = [*parsed.requirements, *parsed.options, *meant]
        for item in sorted(every, key=_line):
            with self._telling():
                self._take(item, path, constraint=constraint, above=(*above, full))

    def _take(
        self,
        item: Any,  # noqa: ANN401  the library has no types
        path: Path,
        *,
        constraint: bool,
        above: tuple[Path, ...],
    ) -> None:
        if hasattr(item, "options"):
            self._option(item, path, constraint=constraint, above=above)
        elif hasattr(item, "error_message"):
            self._apart(item, path, constraint=constraint)
        else:
            self._requirement(item, (self._shown(path), _line(item)), constraint=constraint)

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

    def _apart(self, bad: Any, path: Path, *, constraint: bool) -> None:  # noqa: ANN401
        """Take a line with options on it for what its author meant."""
        shown, line = self._shown(path), _line(bad)
        found = apart(bad.line)
        parsed = _parsed_text(found.requirement)
        if len(parsed.requirements) != 1 or parsed.invalid_lines or not found.options:
            raise unparsable(f"{shown}:{line}", bad.line, bad.error_message)
        self._misplaced.append(
            Misplaced(
                file=shown,
                line=line,
                requirement=one_line(found.requirement),
                options=tuple(one_line(" ".join(pair).strip()) for pair in found.options),
            )
        )
        own = self._own(found, path)
        self._requirement(parsed.requirements[0], (shown, line), constraint=constraint, own=own)

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
        self,
        item: Any,  # noqa: ANN401  the library has no types
        place: tuple[str, int],
        *,
        constraint: bool,
        own: Indexes | None = None,
    ) -> None:
        file, line = place
        if item.link is not None or item.is_editable or item.req is None:
            url = item.link.url if item.link else None
            text = one_line(item.requirement_line.line)
            self._direct.append(
                Direct(
                    text=text,
                    name=item.name,
                    url=url,
                    editable=item.is_editable,
                    file=file,
                    line=line,
                )
            )
            return
        self._named[constraint].append(
            Requirement(
                name=item.name,
                specifier=str(item.specifier or ""),
                extras=tuple(sorted(item.extras)),
                marker=str(item.marker) if item.marker else None,
                hashes=tuple(item.hash_options),
                file=file,
                line=line,
                own=own,
            )
        )

    def _option(
        self,
        item: Any,  # noqa: ANN401  the library has no types
        path: Path,
        *,
        constraint: bool,
        above: tuple[Path, ...],
    ) -> None:
        by = f"{self._shown(path)}:{_line(item)}"
        for name, value in item.options.items():
            if name in {"requirements", "constraints"}:
                inner = constraint or name == "constraints"
                for nested in value:
                    self.read(_nested(path, nested, by), constraint=inner, above=above, by=by)
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


def _line(item: Any) -> int:  # noqa: ANN401  the library has no types
    line = getattr(item, "requirement_line", item)
    return int(line.line_number)


def _nested(path: Path, nested: str, by: str) -> Path:
    if _SCHEME.match(nested):
        hint = "save the file in the project and include it from there"
        raise UsageError(f"{by}: {one_line(nested)} is not a local file", hint=hint)
    return path.parent / nested


def _parsed_text(text: str) -> "RequirementsFile":
    with tempfile.TemporaryDirectory(prefix="pruner-line-") as name:
        file = Path(name) / "line.txt"
        file.write_text(text, encoding="utf-8", errors="replace")
        return _parsed(file, "line", None)


def _parsed(path: Path, shown: str, by: str | None) -> "RequirementsFile":
    # Imported when needed: most commands never come here, and it costs a tenth of a second.
    from pip_requirements_parser import RequirementsFile  # noqa: PLC0415

    prefix = f"{by}: " if by else ""
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            what = f"{prefix}{shown} is {kind}, a requirement file was expected"
            raise UsageError(what, hint="name a file")
        path.open("rb").close()
        return RequirementsFile.from_file(str(path))
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
