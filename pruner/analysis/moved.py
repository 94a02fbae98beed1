"""Traces of other runs, told in the paths of this one: a sandbox's folders last as long as it does.

A path is moved by rules alone, and those by what is known of both places: folders of distributions,
scripts beside them, the project. What lies elsewhere, as the system's files do, stays as it is.
"""

from collections.abc import Iterable

import msgspec

from pruner.model import Inventory, Loaded, Program, Trace, Value, normalise

DIST_INFO = ".dist-info"
EXTENSION = ".so"


class Place(Value, frozen=True, forbid_unknown_fields=True):
    """Where a run had its files. Folders are absolute, without a slash at their end."""

    site_dirs: tuple[str, ...]
    aliases: dict[str, str] = {}  # noqa: RUF012  other spellings of site_dirs -> the real ones
    root: str = ""  # the project's folder as the sandbox saw it; "" where that is not known


def moved(trace: Trace, was: Place, root: str, inventory: Inventory) -> Trace:
    """Return a trace of another place with the paths that `inventory` has, the project at `root`.

    A file of a distribution goes to the site folder whose RECORDs list it; metadata goes along with
    a distribution whose version has changed, and an extension module with another Python's tag.
    """
    mover = _Mover(was, root, inventory)
    return msgspec.structs.replace(
        trace,
        loaded=tuple(mover.loaded(trace.loaded)),
        opened=tuple(mover.loaded(trace.opened)),
        attempts=tuple(
            msgspec.structs.replace(row, by=mover.line(row.by)) for row in trace.attempts
        ),
        lookups=tuple(msgspec.structs.replace(row, by=mover.line(row.by)) for row in trace.lookups),
        programs=tuple(
            Program(what=mover.path(row.what), by=mover.line(row.by), package=row.package)
            for row in trace.programs
        ),
        hosts=tuple(msgspec.structs.replace(row, by=mover.line(row.by)) for row in trace.hosts),
    )


class _Mover:
    """Moves paths; each is worked out once, since thousands of lines are in few files."""

    def __init__(self, was: Place, root: str, inventory: Inventory) -> None:
        self._was = was
        self._root = root
        self._sites = inventory.site_dirs
        self._folders = sorted(was.site_dirs, key=len, reverse=True)
        self._owned = {file.path for dist in inventory.distributions for file in dist.files}
        self._metadata = _metadata_folders(inventory)
        self._extensions = {
            _untagged(path): path for path in self._owned if path.endswith(EXTENSION)
        }
        self._known: dict[str, str] = {}

    def loaded(self, rows: Iterable[Loaded]) -> Iterable[Loaded]:
        """Yield files that were loaded or read, moved."""
        for row in rows:
            file, by = self.path(row.file), self.line(row.by)
            yield Loaded(kind=row.kind, what=row.what, file=file, by=by)

    def line(self, by: str | None) -> str | None:
        """Return "path:line", moved."""
        if by is None:
            return None
        path, colon, line = by.rpartition(":")
        return f"{self.path(path)}{colon}{line}"

    def path(self, path: str) -> str:
        """Return a path, moved."""
        if path not in self._known:
            self._known[path] = self._moved(path)
        return self._known[path]

    def _moved(self, path: str) -> str:
        for alias, real in self._was.aliases.items():
            if _is_below(path, alias):
                path = real + path[len(alias) :]
                break
        for folder in self._folders:
            if _is_below(path, folder):
                return self._in_site(path, path[len(folder) + 1 :])
        for folder in self._folders:
            if _is_below(path, _scripts(folder)):
                name = path[len(_scripts(folder)) + 1 :]
                return self._first_owned(f"{_scripts(site)}/{name}" for site in self._sites) or path
        if self._was.root not in {"", "/"} and self._root and _is_below(path, self._was.root):
            return self._root.rstrip("/") + path[len(self._was.root) :]
        return path

    def _in_site(self, path: str, inside: str) -> str:
        """Return where a file is now that lay `inside` one of the site folders."""
        top, _, rest = inside.partition("/")
        candidates = [f"{site}/{inside}" for site in self._sites]
        if top.endswith(DIST_INFO):
            name = top.removesuffix(DIST_INFO).rpartition("-")[0]
            candidates.append(f"{self._metadata.get(normalise(name), '')}/{rest}")
        if inside.endswith(EXTENSION):
            twins = (self._extensions.get(_untagged(f"{site}/{inside}")) for site in self._sites)
            candidates += [twin for twin in twins if twin]
        return self._first_owned(candidates) or next(iter(candidates), path)

    def _first_owned(self, candidates: Iterable[str]) -> str | None:
        return next((path for path in candidates if path in self._owned), None)


def _metadata_folders(inventory: Inventory) -> dict[str, str]:
    """Return key -> its metadata folder; those that something vendors are not meant."""
    end = f"{DIST_INFO}/METADATA"
    return {
        dist.key: file.path.removesuffix("/METADATA")
        for dist in inventory.distributions
        for file in dist.files
        if file.path.endswith(end) and file.path.rsplit("/", 2)[0] in inventory.site_dirs
    }


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _scripts(site: str) -> str:
    """Return where the scripts of a site folder are: "/v/bin" of "/v/lib/python3/site-packages"."""
    return f"{'/'.join(site.split('/')[:-3])}/bin"


def _untagged(path: str) -> str:
    """Return the path of an extension module without the tag of the interpreter that it is for."""
    folder, _, file = path.rpartition("/")
    return f"{folder}/{file.partition('.')[0]}"
