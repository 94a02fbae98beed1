"""Evidence: for every distribution, the strongest level that anything proves, with its proofs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from pruner.analysis.attribution import Ownership
from pruner.model import Guard, ImportSite, Proof, SourceTree, Trace, Value

MOST_PROOFS = 5
"""Proofs kept for one distribution and level: enough to be convinced, not a list of modules."""


_RANK = {(True, False): 0, (True, True): 1, (False, False): 2, (False, True): 2}
"""By (who asked is known, it is a library): an import statement explains more than a mapping."""


class Imports(Value, frozen=True):
    """What first-party files import, by the key of a distribution, each with its proofs."""

    required: dict[str, tuple[Proof, ...]]
    guarded: dict[str, tuple[Proof, ...]]
    missing: tuple["Missing", ...]
    names: dict[str, str]  # every dotted name that is required -> "path:line"


class Missing(Value, frozen=True):
    """A module that reachable first-party code imports, and that nothing installed has."""

    module: str
    site: ImportSite


def observed(
    traces: Iterable[Trace], ownership: Ownership, startup: frozenset[str] = frozenset()
) -> dict[str, tuple[Proof, ...]]:
    """Return the distributions of which a file was loaded.

    `startup` are modules that load themselves whenever Python starts: no evidence of a need.
    """
    found: dict[str, list[tuple[int, Proof]]] = defaultdict(list)
    for trace in traces:
        for item in trace.loaded:
            if item.what in startup:
                continue
            askers = ownership.of_file(item.by.rpartition(":")[0]) if item.by else ()
            for key in ownership.of_file(item.file):
                # Who loads a distribution from outside says more than its own imports do.
                rank = 3 if key in askers else _RANK[bool(item.by), item.kind == "library"]
                proof = Proof(kind=item.kind, what=item.what, by=item.by, agent=trace.agent)
                found[key].append((rank, proof))
    return {
        key: tuple(proof for _, proof in sorted(rows, key=itemgetter(0))[:MOST_PROOFS])
        for key, rows in found.items()
    }


def users(traces: Iterable[Trace], ownership: Ownership) -> dict[str, frozenset[str]]:
    """Return whose code loaded or read files of each distribution: keys, "" for any other code.

    Itself is left out, and what is not known: who had a library mapped, for one.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for trace in traces:
        for item in (*trace.loaded, *(each for each in trace.opened if each.kind == "data")):
            path = item.by.rpartition(":")[0] if item.by else ""
            if not path or ownership.is_stdlib(path):
                continue
            askers = ownership.of_file(path) or ("",)
            for key in ownership.of_file(item.file):
                found[key].update(asker for asker in askers if asker != key)
    return {key: frozenset(keys) for key, keys in found.items()}


def joined(*evidence: Mapping[str, tuple[Proof, ...]]) -> dict[str, tuple[Proof, ...]]:
    """Return the proofs of several kinds of use together; the first kind explains most."""
    found: dict[str, tuple[Proof, ...]] = {}
    for kind in evidence:
        for key, proofs in kind.items():
            found[key] = (*found.get(key, ()), *proofs)[:MOST_PROOFS]
    return found


def reached(tree: SourceTree, entries: Iterable[str], traces: Iterable[Trace]) -> frozenset[str]:
    """Return the first-party files that run or could: from the entrypoints, and from what ran.

    A file that a string names ("worker.py", "jobs/worker.py") may be started as a child.
    """
    paths = {file.module: path for path, file in tree.files.items()}
    ran = {paths[item.what] for trace in traces for item in trace.loaded if item.what in paths}
    found = tree.reached_from([*entries, *sorted(ran)])
    while more := set(_scripts(tree, found)) - found:
        found |= tree.reached_from(sorted(more))
    return found


def _scripts(tree: SourceTree, files: Iterable[str]) -> Iterator[str]:
    """Yield the first-party files that strings of others name, where only one can be meant."""
    for path in files:
        for word in tree.files[path].texts:
            if not word.endswith((".py", ".sh")):
                continue
            beside = f"{path.rpartition('/')[0]}/{word}".lstrip("/")
            ends = [other for other in tree.files if f"/{other}".endswith(f"/{word}")]
            yield from (beside,) if beside in tree.files else ends if len(ends) == 1 else ()


def imported(
    tree: SourceTree, files: Iterable[str], ownership: Ownership, *, no_gpu: bool = False
) -> Imports:
    """Return what first-party files import.

    With `no_gpu`, one was asked for and none was there: what is tried only where there is one has
    not been tried, and so is needed like everything else.
    """
    names: dict[str, str] = {}
    required: dict[str, list[Proof]] = defaultdict(list)
    guarded: dict[str, list[Proof]] = defaultdict(list)
    missing: dict[str, Missing] = {}
    own = {file.module.partition(".")[0] for file in tree.files.values() if file.module}
    for site in _sites(tree, files):
        if ownership.in_stdlib(site.instead):
            continue  # `import tomllib` does not fail here, so its backport is never asked for
        wanted = _wanted(site, ownership)
        owners = ownership.of_module(wanted)
        copes = site.guard.copes and not (no_gpu and site.gpu and site.guard is Guard.TRY)
        if owners and not copes:
            names.setdefault(wanted, f"{site.file}:{site.line}")
        for key in owners:
            proofs = (guarded if copes else required)[key]
            if len(proofs) < MOST_PROOFS:
                proofs.append(_proof(site))
        top = site.module.partition(".")[0]
        lost = not (owners or site.guard.copes or site.platform or top in own)
        if lost and not ownership.is_known(top):
            missing.setdefault(top, Missing(module=site.module, site=site))
    return Imports(
        required=_frozen(required),
        guarded=_frozen(guarded),
        missing=tuple(missing.values()),
        names=names,
    )


def taken(tree: SourceTree, files: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what first-party files take from each module by name, where they need it."""
    found: dict[str, set[str]] = defaultdict(set)
    for site in _sites(tree, files):
        if site.symbol and not site.guard.copes:
            found[site.module].add(site.symbol)
    return {module: frozenset(names) for module, names in found.items()}


def _sites(tree: SourceTree, files: Iterable[str]) -> Iterator[ImportSite]:
    for path in sorted(files):
        yield from tree.files[path].sites


def _wanted(site: ImportSite, ownership: Ownership) -> str:
    """Return the dotted name to look up: with the symbol, where that is a module of its own."""
    if site.symbol and site.symbol != "*":
        longer = f"{site.module}.{site.symbol}"
        if len(ownership.files_of(longer)) > len(ownership.files_of(site.module)):
            return longer
    return site.module


def _proof(site: ImportSite) -> Proof:
    what = f"{site.module}.{site.symbol}" if site.symbol else site.module
    kind = "dynamic import" if site.dynamic else "import"
    if site.guard is not Guard.MODULE:
        kind = f"{kind} ({site.guard})"
    return Proof(kind=kind, what=what, by=f"{site.file}:{site.line}")


def _frozen(proofs: Mapping[str, list[Proof]]) -> dict[str, tuple[Proof, ...]]:
    return {key: tuple(value) for key, value in proofs.items()}
