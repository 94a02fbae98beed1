"""Read requirement files and what they include.

The parser is pip's own, as pip-requirements-parser packs it. Nested files are followed here, so
that loops, missing files and constraints of constraints are told apart.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pruner.errors import UsageError
from pruner.requirements.mistakes import one_line, refuse_contradictions, unparsable
from pruner.requirements.values import Direct, Indexes, Requirement, Requirements

if TYPE_CHECKING:
    from pip_requirements_parser import RequirementsFile

_SCHEME = re.compile(r"(https?|ftp|file):", re.IGNORECASE)


def read_requirements(paths: Sequence[Path], root: Path | None = None) -> Requirements:
    """Read requirement files and all that they include.

    Files are named relative to `root`, where it is given. Raises UsageError with file and
    line for what cannot be read, does not parse, includes itself or contradicts itself.
    """
    reader = _Reader(root)
    for path in paths:
        reader.read(path, constraint=False, above=())
    return reader.result()


class _Reader:
    """Collects the lines of all files; each is read once as requirements, once as constraints."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._seen: dict[tuple[Path, bool], str] = {}
        self._named: dict[bool, list[Requirement]] = {False: [], True: []}
        self._direct: list[Direct] = []
        self._options: dict[str, Any] = {}

    def result(self) -> Requirements:
        """Return what was collected, or raise UsageError where pins contradict each other."""
        refuse_contradictions(self._named[False])
        return Requirements(
            requirements=tuple(self._named[False]),
            constraints=tuple(self._named[True]),
            direct=tuple(self._direct),
            indexes=msgspec.convert(self._options, Indexes),
            files=tuple(dict.fromkeys(self._seen.values())),
        )

    def read(
        self, path: Path, *, constraint: bool, above: tuple[Path, ...], by: str | None = None
    ) -> None:
        """Read one file; `above` are the files that lead to it, `by` the line that names it."""
        shown = self._shown(path)
        parsed = _parsed(path, shown, by)
        full = path.resolve()
        if full in above:
            loop = " -> ".join(self._shown(file) for file in (*above[above.index(full) :], full))
            raise UsageError(f"{by}: {shown} includes itself: {loop}")
        if (full, constraint) in self._seen:
            return
        self._seen[full, constraint] = shown
        for bad in parsed.invalid_lines:
            raise unparsable(f"{shown}:{bad.line_number}", bad.line, bad.error_message)
        for item in sorted([*parsed.requirements, *parsed.options], key=_line):
            if hasattr(item, "options"):
                self._option(item, path, constraint=constraint, above=(*above, full))
            else:
                self._requirement(item, shown, constraint=constraint)

    def _requirement(self, item: Any, file: str, *, constraint: bool) -> None:  # noqa: ANN401
        line = _line(item)
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
                kept = self._options.get(name)
                self._options[name] = kept + value if isinstance(kept, list) else value

    def _shown(self, path: Path) -> str:
        if self._root is None:
            return one_line(str(path))
        return one_line(Path(os.path.relpath(path, self._root)).as_posix())


def _line(item: Any) -> int:  # noqa: ANN401  the library has no types
    return int(item.requirement_line.line_number)


def _nested(path: Path, nested: str, by: str) -> Path:
    if _SCHEME.match(nested):
        hint = "save the file in the project and include it from there"
        raise UsageError(f"{by}: {one_line(nested)} is not a local file", hint=hint)
    return path.parent / nested


def _parsed(path: Path, shown: str, by: str | None) -> "RequirementsFile":
    # Imported when needed: most commands never come here, and it costs a tenth of a second.
    from pip_requirements_parser import RequirementsFile  # noqa: PLC0415

    prefix = f"{by}: " if by else ""
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            raise UsageError(f"{prefix}{shown} is {kind}, a requirement file was expected")
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
        raise UsageError(one_line(f"{prefix}{shown} cannot be read: {why}")) from None
