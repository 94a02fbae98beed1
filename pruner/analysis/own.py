"""Which loaded files are first-party, and where a sandbox keeps these."""

from collections.abc import Iterable, Iterator, Sequence

from pruner.analysis.attribution import Ownership
from pruner.model import SourceTree, Trace


def tail_in(path: str, tree: SourceTree) -> str | None:
    """Return the longest tail of a sandbox's path that is a first-party file's, or None."""
    parts = path.split("/")
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail in tree.files), None)


def own_files(
    paths: Iterable[str], tree: SourceTree, ownership: Ownership
) -> Iterator[tuple[str, str]]:
    """Yield (path in the sandbox, path in the tree) for the paths that are first-party.

    What a distribution or the interpreter brings is not, whatever it is called.
    """
    for path in paths:
        if not (ownership.is_site(path) or ownership.is_stdlib(path) or ownership.of_file(path)):
            own = ownership.copy_of(path) or tail_in(path, tree)
            if own is not None:
                yield path, own


def own_folders(
    traces: Iterable[Trace], tree: SourceTree, ownership: Ownership, sources: Sequence[str]
) -> tuple[str, ...]:
    """Return the folders of a sandbox from which first-party files were loaded, sorted.

    `sources` are the first-party trees relative to the project; "." is all of it.
    """
    files = (item.file for trace in traces for item in trace.loaded if item.kind == "module")
    found = {
        ownership.package_of(path)
        if ownership.copy_of(path)
        else _folder(path[: -len(own)], own, sources)
        for path, own in own_files(dict.fromkeys(files), tree, ownership)
    }
    return tuple(sorted(found - {"", "/"}))


def _folder(prefix: str, own: str, sources: Sequence[str]) -> str:
    """Return the source that a file is of, below the folder that the sandbox has the project in."""
    inside = [source for source in sources if own.startswith(f"{source.rstrip('/')}/")]
    if inside:
        return prefix + max(inside, key=len).rstrip("/")
    return prefix.rstrip("/") or f"/{own.partition('/')[0]}" * ("/" in own)
