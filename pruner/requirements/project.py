"""A pyproject.toml as a source of requirements: what its project asks for, by extra and group.

Read are the tables of PEP 621 and PEP 735, uv's and Poetry's own, and the files that setuptools is
told to take dependencies from. No build backend is run.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Read

from pruner.config.files import read_text
from pruner.config.toml import parsed
from pruner.errors import UsageError
from pruner.model import Value, normalise
from pruner.requirements import poetry
from pruner.requirements.mistakes import one_line
from pruner.requirements.values import Direct, Indexes, Requirement

FILE = "pyproject.toml"

Line = Requirement | Direct


class Project(Value, frozen=True, kw_only=True):
    """What a pyproject.toml says; `shown` is its name in messages."""

    shown: str
    name: str | None = None
    requires_python: str = ""
    scripts: dict[str, str] = {}  # noqa: RUF012  console scripts -> "module:attribute"
    lines: tuple[Line, ...] = ()  # what it always asks for
    extras: dict[str, tuple[Line, ...]] = {}  # noqa: RUF012  by normalised name
    groups: dict[str, tuple[Line, ...]] = {}  # noqa: RUF012  the same
    default_groups: tuple[str, ...] = ()  # that its own tool installs unless told otherwise
    indexes: Indexes = Indexes()
    files: tuple[str, ...] = ()  # requirement files that are its dependencies, beside it
    standard: bool = True  # there is a [project]; False: all is said in Poetry's tables
    packaged: bool = False  # it is one to be built and installed, and not only a list

    def asked(self, extras: Iterable[str], groups: Iterable[str]) -> tuple[Line, ...]:
        """Return what it asks for with some extras and groups; raises UsageError for others."""
        found = list(self.lines)
        for kind, names, known in (
            ("extra", extras, self.extras),
            ("group", groups, self.groups),
        ):
            for name in names:
                if normalise(name) not in known:
                    hint = f"it has {', '.join(sorted(known))}" if known else f"it has no {kind}s"
                    raise UsageError(one_line(f"{self.shown}: has no {kind} {name!r}"), hint=hint)
                found += known[normalise(name)]
        return tuple(dict.fromkeys(found))


def read_project(path: Path, shown: str) -> Project:
    """Read a pyproject.toml; raises UsageError in one line with file and key."""
    text = read_text(path, shown)
    reader = _Reader(shown, text.split("\n"))
    data = parsed(text, shown)
    project, tool = reader.table(data, "project"), reader.table(data, "tool")
    own = reader.table(tool, "poetry", "tool.")
    uv = reader.table(tool, "uv", "tool.")
    if not project and not own:
        hint = "it needs a table [project] with dependencies"
        raise UsageError(f"{shown}: describes no project", hint=hint)
    standard = bool(project)
    groups = {**reader.poetry_groups(own), **reader.groups(data)}
    return Project(
        shown=shown,
        name=_text(project.get("name")) or _text(own.get("name")),
        requires_python=_text(project.get("requires-python")) or reader.python(own),
        scripts=_texts(project.get("scripts")) or _texts(own.get("scripts")),
        lines=reader.lines(project, own),
        extras=reader.extras(project, own),
        groups=groups,
        default_groups=reader.default_groups(own, uv, groups),
        indexes=_indexes(reader, own, uv),
        files=reader.files(project, tool),
        standard=standard,
        packaged=_is_packaged(data, own, uv),
    )


def _is_packaged(data: Mapping[str, Any], own: Mapping[str, Any], uv: Mapping[str, Any]) -> bool:
    told = uv.get("package", own.get("package-mode"))
    return told if isinstance(told, bool) else "build-system" in data


def _indexes(reader: "_Reader", own: Mapping[str, Any], uv: Mapping[str, Any]) -> Indexes:
    """Return the indexes that are asked for everything; explicit ones are for single names."""
    default, extra = None, []
    for row in reader.rows(uv, "index", "tool.uv.index"):
        if row.get("default") is True:
            default = str(row.get("url"))
        elif row.get("explicit") is not True:
            extra.append(str(row.get("url")))
    for row in reader.rows(own, "source", "tool.poetry.source"):
        priority = str(row.get("priority", "primary"))
        if priority in {"primary", "default"} and default is None and "url" in row:
            default = str(row["url"])
        elif priority in {"primary", "supplemental", "secondary"} and "url" in row:
            extra.append(str(row["url"]))
    return Indexes(index_url=default, extra_index_urls=tuple(extra))


class _Reader:
    """Reads tables of one file; every mistake is named with its key."""

    def __init__(self, shown: str, text: Sequence[str]) -> None:
        self._shown = shown
        self._text = text

    def table(self, data: Mapping[str, Any], key: str, above: str = "") -> dict[str, Any]:
        """Return a table, an empty one where there is none."""
        found = data.get(key, {})
        if not isinstance(found, dict):
            raise self._error(f"{above}{key}", "is no table")
        return found

    def rows(self, data: Mapping[str, Any], key: str, shown: str) -> list[dict[str, Any]]:
        """Return the tables of an array."""
        found = data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self._error(shown, "is no array of tables")
        return found

    def lines(self, project: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Line, ...]:
        """Return what is always asked for."""
        found = self._list(project.get("dependencies", []), "project.dependencies")
        table = self.table(own, "dependencies", "tool.poetry.")
        if "dependencies" not in project:
            found += self._poetry(table, "tool.poetry.dependencies")
        return tuple(found)

    def extras(
        self, project: Mapping[str, Any], own: Mapping[str, Any]
    ) -> dict[str, tuple[Line, ...]]:
        """Return what each extra asks for; one that names the project's own extras has theirs."""
        key = "project.optional-dependencies"
        table = self.table(project, "optional-dependencies", "project.")
        found = {normalise(name): self._list(rows, f"{key}.{name}") for name, rows in table.items()}
        optional = self.table(own, "dependencies", "tool.poetry.")
        for name, names in self.table(own, "extras", "tool.poetry.").items():
            wanted = {normalise(str(each)) for each in names if isinstance(names, list)}
            rows = {each: optional[each] for each in optional if normalise(each) in wanted}
            lines = self._poetry(rows, "tool.poetry.dependencies", optional=True)
            found.setdefault(normalise(name), lines)
        own_name = normalise(_text(project.get("name")) or "")
        return {name: tuple(_opened(name, found, own_name, ())) for name in found}

    def groups(self, data: Mapping[str, Any]) -> dict[str, tuple[Line, ...]]:
        """Return what each dependency group asks for, those that it includes among it."""
        key = "dependency-groups"
        table = self.table(data, key)
        found: dict[str, tuple[Line, ...]] = {}
        for name in table:
            try:
                texts = resolve_dependency_groups(table, name)
            except (ValueError, TypeError, LookupError, ExceptionGroup) as error:
                inner = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                raise self._error(f"{key}.{name}", str(inner)) from None
            found[normalise(name)] = tuple(self._list(list(texts), f"{key}.{name}"))
        return found

    def poetry_groups(self, own: Mapping[str, Any]) -> dict[str, tuple[Line, ...]]:
        """Return what Poetry's own groups ask for."""
        found: dict[str, tuple[Line, ...]] = {}
        if "dev-dependencies" in own:
            table = self.table(own, "dev-dependencies", "tool.poetry.")
            found["dev"] = tuple(self._poetry(table, "tool.poetry.dev-dependencies"))
        groups = self.table(own, "group", "tool.poetry.")
        for name in groups:
            group = self.table(groups, name, "tool.poetry.group.")
            key = f"tool.poetry.group.{name}."
            rows = self._poetry(self.table(group, "dependencies", key), f"{key}dependencies")
            found[normalise(name)] = tuple(rows)
        return found

    def default_groups(
        self, own: Mapping[str, Any], uv: Mapping[str, Any], groups: Mapping[str, object]
    ) -> tuple[str, ...]:
        """Return the groups that `uv sync`, or `poetry install`, installs without being asked."""
        if own:
            tables = self.table(own, "group", "tool.poetry.")
            optional = {
                normalise(name)
                for name, row in tables.items()
                if isinstance(row, dict) and row.get("optional") is True
            }
            return tuple(sorted(set(groups) - optional))
        told = uv.get("default-groups", ["dev"])
        names = groups if told == "all" else told if isinstance(told, list) else []
        return tuple(sorted({normalise(str(name)) for name in names} & set(groups)))

    def python(self, own: Mapping[str, Any]) -> str:
        """Return the Python that Poetry's own table asks for."""
        found = self.table(own, "dependencies", "tool.poetry.").get("python", "")
        try:
            return poetry.specifier(found) if isinstance(found, str) else ""
        except poetry.Odd as error:
            raise self._error("tool.poetry.dependencies.python", str(error)) from None

    def files(self, project: Mapping[str, Any], tool: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the files from which setuptools takes the dependencies."""
        dynamic = project.get("dynamic", [])
        if not isinstance(dynamic, list) or "dependencies" not in dynamic:
            return ()
        found: Any = tool
        for key in ("setuptools", "dynamic", "dependencies"):
            found = found.get(key, {}) if isinstance(found, dict) else {}
        files = found.get("file", []) if isinstance(found, dict) else []
        listed = [files] if isinstance(files, str) else files if isinstance(files, list) else []
        return tuple(str(file) for file in listed)

    def _list(self, rows: object, key: str) -> list[Line]:
        if not isinstance(rows, list):
            raise self._error(key, "is no list of requirements")
        return [self._line(row, f"{key}[{at}]") for at, row in enumerate(rows)]

    def _poetry(self, table: Mapping[str, Any], key: str, *, optional: bool = False) -> list[Line]:
        found: list[Line] = []
        for name, value in table.items():
            if normalise(name) == "python" or (poetry.is_optional(value) and not optional):
                continue
            try:
                texts = list(poetry.asked(name, value))
            except poetry.Odd as error:
                raise self._error(f"{key}.{name}", str(error)) from None
            found += [self._line(text, f"{key}.{name}", word=name) for text in texts]
        return found

    def _line(self, text: object, key: str, word: str = "") -> Line:
        try:
            read = Read(text if isinstance(text, str) else "")
        except (InvalidRequirement, RecursionError) as error:
            why = str(error).split("\n")[0] if isinstance(text, str) else "no text"
            raise self._error(key, f"is not a requirement: {str(text)[:120]} ({why})") from None
        line = self._find(word or str(text))
        if read.url:
            return Direct(
                text=str(read),
                name=read.name,
                url=read.url,
                editable=False,
                file=self._shown,
                line=line,
            )
        return Requirement(
            name=read.name,
            specifier=str(read.specifier),
            extras=tuple(sorted(read.extras)),
            marker=str(read.marker) if read.marker else None,
            file=self._shown,
            line=line,
        )

    def _find(self, word: str) -> int:
        """Return the line that says it, the first where none is found."""
        return next((at for at, line in enumerate(self._text, 1) if word in line), 1)

    def _error(self, key: str, what: str) -> UsageError:
        return UsageError(one_line(f"{self._shown}: {key}: {what}"))


def _opened(
    name: str, extras: Mapping[str, list[Line]], own: str, above: tuple[str, ...]
) -> Iterable[Line]:
    """Yield the lines of an extra; `own[other]` stands for those of another one."""
    for line in extras.get(name, ()) if name not in above else ():
        if isinstance(line, Requirement) and line.key == own:
            for other in line.extras:
                yield from _opened(normalise(other), extras, own, (*above, name))
        else:
            yield line


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> dict[str, str]:
    """Return the entries of a table that are text."""
    rows = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in rows if isinstance(text, str)}
