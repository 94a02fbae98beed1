"""The first-party source tree: its files, their module names, and which leads to which.

Nothing of it is imported or executed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pruner.model import SourceFile, SourceTree, Unreadable
from pruner.static import graph
from pruner.static.conditions import Version
from pruner.static.listing import listing, read, read_settings
from pruner.static.naming import is_package, module_name, name_of, naming_roots
from pruner.static.settings import settings_words
from pruner.static.sites import scan
from pruner.static.values import Scan, Survey


def read_tree(
    root: Path, sources: Sequence[str], python: Version = (), *, without: str | None = None
) -> SourceTree:
    """Return the first-party files under the sources, which are relative to the root.

    A source is a package, a folder that holds packages or modules, or a file. What cannot be read
    or parsed stands in `unreadable`. `python` is the version of the interpreter that will run them,
    `without` a folder of the project that is none of its code: where locks lie.
    Raises UsageError where a source does not exist.
    """
    return survey(root, sources, python, without=without).tree


def survey(
    root: Path, sources: Sequence[str], python: Version = (), *, without: str | None = None
) -> Survey:
    """Return the same tree, and the imports in it whose target cannot be read."""
    listed = listing(root, sources, without)
    texts = {path: read(root / path, path) for path in listed.paths}
    results = _scanned(texts, listed.roots, python)
    scans = {path: result for path, (_, result) in results.items() if isinstance(result, Scan)}
    lost = [result for _, result in results.values() if isinstance(result, Unreadable)]
    lost += [each.unread for each in scans.values() if each.unread]
    # A file that cannot be parsed is still first-party: it stays, with its import statements.
    files = {
        path: SourceFile(
            path=path,
            module=name,
            sites=scans[path].sites if path in scans else (),
            texts=scans[path].texts if path in scans else {},
            asks=scans[path].asks if path in scans else (),
            uses=scans[path].uses if path in scans else {},
            script=path in scans and scans[path].script,
        )
        for path, (name, _) in results.items()
    }
    folders = {each: graph.folder_of(each, files) for each in listed.roots}
    tree = SourceTree(
        files=files,
        edges=graph.edges(files, scans, folders),
        settings=settings_words(read_settings(root, listed.settings)),
        unreadable=tuple(sorted([*lost, *listed.unreadable], key=lambda each: each.path)),
    )
    return Survey(tree=tree, blind=tuple(spot for each in scans.values() for spot in each.blind))


def _scanned(
    texts: Mapping[str, bytes | Unreadable], roots: Sequence[str], python: Version
) -> dict[str, tuple[str, Scan | Unreadable]]:
    """Return the module name of each file, and what is in it."""
    readable = {path: text for path, text in texts.items() if isinstance(text, bytes)}
    places = naming_roots(roots, readable)
    names = {path: name_of(path, places) for path in texts}
    return {
        path: (
            names[path],
            scan(
                text,
                path,
                names[path],
                is_package=is_package(path),
                strings=True,
                python=python,
            )
            if isinstance(text, bytes)
            else text,
        )
        for path, text in texts.items()
    }


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
