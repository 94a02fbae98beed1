"""Imports that are new in the code, and that the lock does not have."""

from collections.abc import Collection, Iterable, Iterator

from pruner.document import Document, Inputs
from pruner.drift.found import drifted
from pruner.drift.names import Lack
from pruner.model import Finding, SourceFile, SourceTree

Files = Iterable[SourceFile]


def new_imports(
    lacks: Iterable[Lack], document: Document, inputs: Inputs | None
) -> Iterator[Finding]:
    """Yield what the lock does not answer, and did not have to when it was made.

    Without `inputs`, those of a lock that an older pruner made, what copes is left out: nobody
    knows whether it is new.
    """
    known = inputs.absent if inputs is not None else {}
    told = {row.what for row in document.findings if row.code == "PRN101"}
    for lack in lacks:
        before = known.get(lack.name)
        if before in {lack.word, "needed"}:
            continue
        if inputs is None and (lack.copes or _was_told(lack, told)):
            continue
        yield _copes(lack, document) if lack.copes else _breaks(lack, document)


def unread(tree: SourceTree, files: Collection[str], document: Document) -> Iterator[Finding]:
    """Yield first-party files that are reached and cannot be read, where the lock had read them."""
    known = {row.where.rpartition(":")[0] for row in document.findings if row.code == "PRN102"}
    for item in tree.unreadable:
        if item.path in files and item.path not in known:
            what = f"its imports are unknown: {item.why}"
            yield drifted("PRN514", f"{item.path}:{item.line}", what)


def newly_named(document: Document, inputs: Inputs | None, files: Files) -> Iterator[Finding]:
    """Yield names of functions of libraries that need what was left out since nothing named them.

    `files` are the first-party files that are reached.
    """
    for left_out, names in (inputs.unnamed if inputs is not None else {}).items():
        found = (
            (file.path, file.names[name], name)
            for file in files
            for name in names
            if name in file.names
        )
        for path, line, name in sorted(found)[:1]:
            what = (
                f"names {name}, by which a library comes to need {left_out}; that was left out of"
                " the lock: where it is called, it fails"
            )
            fix = f"`pruner lock --image {document.image}` takes it back in"
            yield drifted("PRN506", f"{path}:{line}", what, fix=fix)


def _was_told(lack: Lack, told: Iterable[str]) -> bool:
    return any(what.startswith(f"imports {lack.name}") for what in told)


def _breaks(lack: Lack, document: Document) -> Finding:
    what = f"imports {lack.name}, which {_why(lack, document)}: this will break"
    return drifted("PRN501", _where(lack), what, fix=_fix(lack, document))


def _copes(lack: Lack, document: Document) -> Finding:
    under = "for another platform" if lack.site.platform else "under `try`, and copes without it"
    what = f"imports {lack.name} {under}; it {_why(lack, document)}: nothing breaks"
    return drifted("PRN502", _where(lack), what)


def _why(lack: Lack, document: Document) -> str:
    if not lack.left_out:
        return "is in neither the lock nor what was installed"
    versions = {row.name: row.version for row in document.distributions}
    names = ", ".join(f"{name} {versions.get(name, '')}".strip() for name in lack.left_out)
    return f"was left out of the lock with {names}"


def _fix(lack: Lack, document: Document) -> str:
    again = f"`pruner lock --image {document.image}`"
    if lack.left_out:
        return f"{again} takes it back in"
    return f"add its distribution to the requirements, then {again}"


def _where(lack: Lack) -> str:
    return f"{lack.site.file}:{lack.site.line}"
