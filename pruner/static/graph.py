"""Which first-party file leads to which, by our own import sites."""

from collections.abc import Iterable, Iterator, Mapping

from pruner.model import Guard, ImportSite, SourceFile
from pruner.static.naming import below
from pruner.static.roots import Finder, Folder, prefixes
from pruner.static.values import Scan

Edges = dict[str, tuple[str, ...]]


def edges(
    files: Mapping[str, SourceFile], scans: Mapping[str, Scan], folders: Mapping[str, Folder]
) -> Edges:
    """Return what each file imports or names in a string, sorted. `folders` are the import roots.

    Under TYPE_CHECKING nothing is imported; every other guard lets an import through.
    """
    graph = _FileGraph(files, scans, folders)
    found = ((path, sorted(graph.deps(path) - {path})) for path in files)
    return {path: tuple(targets) for path, targets in found if targets}


class _FileGraph:
    """What each file leads to; cycles stay as they are."""

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        scans: Mapping[str, Scan],
        folders: Mapping[str, Folder],
    ) -> None:
        self._files = files
        self._scans = scans
        self._folders = folders
        self._finders: dict[tuple[str, ...], Finder] = {}
        self._scripts = {path.rpartition("/")[0] for path, scan in scans.items() if scan.script}

    def deps(self, path: str) -> set[str]:
        """Return the first-party files that a file imports or names."""
        finder = self._finder(path)
        found = map(finder.find, dict.fromkeys(self._names(path, finder)))
        paths = {each for each in found if each and each in self._files}
        return paths.union(self._behind(path), self._said(path, finder))

    def _finder(self, path: str) -> Finder:
        """Return the finder for a file: the folder of a script is an import root to what it runs.

        Which script runs is not known here, so the folders of all scripts above the file count,
        after the import roots proper.
        """
        extra = sorted(
            folder
            for folder in self._scripts
            if folder not in self._folders and below(path, folder) is not None
        )
        if tuple(extra) not in self._finders:
            scripts = (folder_of(each, self._files) for each in extra)
            self._finders[tuple(extra)] = Finder([*self._folders.values(), *scripts])
        return self._finders[tuple(extra)]

    def _names(self, path: str, finder: Finder) -> Iterator[str]:
        for site in self._files[path].sites:
            if site.guard is not Guard.TYPE_CHECKING:
                yield from prefixes(site.module)
                yield from (f"{site.module}.{symbol}" for symbol in self._symbols(site, finder))

    def _symbols(self, site: ImportSite, finder: Finder) -> tuple[str, ...]:
        if site.symbol != "*":
            return (site.symbol,) if site.symbol else ()
        scan = self._scans.get(finder.find(site.module) or "")
        return scan.exports if scan else ()

    def _said(self, path: str, finder: Finder) -> Iterator[str]:
        """Yield the files that strings name: "app.jobs.report:make", "app.urls"."""
        for word in self._files[path].texts:
            module, colon, _ = word.partition(":")
            if word.endswith(".") or not (colon or "." in word):
                continue  # the beginning of a name that is put together
            for name in (module, module.rpartition(".")[0]):
                found = finder.find(name) if name else None
                if found in self._files:
                    yield from filter(None, map(finder.find, prefixes(name)))
                    break

    def _behind(self, path: str) -> Iterator[str]:
        """Yield the files that a name known only by its start may mean."""
        blind = self._scans[path].blind if path in self._scans else ()
        starts = tuple(spot.prefix for spot in blind if spot.prefix)
        if starts:
            yield from (
                each for each, file in self._files.items() if file.module.startswith(starts)
            )


def folder_of(folder: str, paths: Iterable[str]) -> Folder:
    """Return the import root of a folder in the project."""
    seen = ((below(path, folder), path) for path in paths)
    return Folder({name: path for name, path in seen if name is not None})
