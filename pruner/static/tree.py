"""The first-party source tree: its files, their module names, and which leads to which.

Nothing of it is imported or executed.
"""

from collections.abc import Sequence
from pathlib import Path

from pruner.analysis.callers import UNKNOWN
from pruner.kept import Cache
from pruner.model import SourceFile, SourceTree, Unreadable
from pruner.static import graph
from pruner.static.conditions import Version
from pruner.static.listing import listing, read, read_settings
from pruner.static.naming import is_package, module_name, name_of, naming_roots
from pruner.static.scans import Text, scans
from pruner.static.settings import settings_words
from pruner.static.values import Scan, Survey


def read_tree(
    root: Path,
    sources: Sequence[str],
    python: Version = (),
    *,
    without: str | None = None,
    cache: Cache | None = None,
) -> SourceTree:
    """Return the first-party files under the sources, which are relative to the root.

    A source is a package, a folder that holds packages or modules, or a file. What cannot be read
    or parsed stands in `unreadable`. `python` is the version of the interpreter that will run them,
    `without` a folder of the project that is none of its code: where locks lie. With a cache a file
    is parsed only where its content is not known.
    Raises UsageError where a source does not exist.
    """
    return survey(root, sources, python, without=without, cache=cache).tree


def survey(
    root: Path,
    sources: Sequence[str],
    python: Version = (),
    *,
    without: str | None = None,
    cache: Cache | None = None,
) -> Survey:
    """Return the same tree, and the imports in it whose target cannot be read."""
    listed = listing(root, sources, without)
    texts = {path: read(root / path, path) for path in listed.paths}
    readable = {path: text for path, text in texts.items() if isinstance(text, bytes)}
    places = naming_roots(listed.roots, readable)
    names = {path: name_of(path, places) for path in texts}
    contents = {path: Text(names[path], text) for path, text in readable.items()}
    results = {**texts, **scans(contents, python, cache)}
    found = {path: result for path, result in results.items() if isinstance(result, Scan)}
    lost = [result for result in results.values() if isinstance(result, Unreadable)]
    lost += [each.unread for each in found.values() if each.unread]
    # A file that cannot be parsed is still first-party: it stays, with its import statements.
    blank = Scan(computed=frozenset({UNKNOWN}))
    files = {path: _file(path, names[path], found.get(path, blank)) for path in texts}
    folders = {each: graph.folder_of(each, files) for each in listed.roots}
    tree = SourceTree(
        files=files,
        edges=graph.edges(files, found, folders),
        settings=settings_words(read_settings(root, listed.settings)),
        unreadable=tuple(sorted([*lost, *listed.unreadable], key=lambda each: each.path)),
    )
    return Survey(tree=tree, blind=tuple(spot for each in found.values() for spot in each.blind))


def _file(path: str, module: str, found: Scan) -> SourceFile:
    return SourceFile(
        path=path,
        module=module,
        sites=found.sites,
        texts=found.texts,
        asks=found.asks,
        uses=found.uses,
        script=found.script,
        names=found.names,
        computed=found.computed,
    )


def module_paths(tree: SourceTree) -> dict[str, str]:
    """Return the file of every first-party module, by dotted name.

    A file under a folder such as `src` has two names, and both are here: `pkg.mod`, and
    `src.pkg.mod` as seen from the project. A package wins over a module of the same name.
    """
    ordered = sorted(tree.files, key=lambda path: (not is_package(path), path.count("/"), path))
    paths = {tree.files[path].module: path for path in reversed(ordered)}
    for path in ordered:
        paths.setdefault(module_name(path), path)
    return dict(sorted(paths.items()))
