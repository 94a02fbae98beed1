"""Join what was observed with what code could load and what is installed: all levels at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pruner.analysis.asks import ModuleNeed, Said, asked_for, stood_on
from pruner.analysis.attribution import Ownership, by_extra
from pruner.analysis.callers import MentionsOf, mentioned, no_mentions
from pruner.analysis.evidence import (
    Missing,
    imported,
    joined,
    observed,
    reached,
    taken,
    users,
)
from pruner.analysis.gpu import GpuKnown, Told, for_a_gpu, not_seen
from pruner.analysis.installed import Source, Use, Used
from pruner.analysis.linkage import Linkage, Links, links
from pruner.analysis.probes import coping_lines
from pruner.analysis.reachability import Reach, SitesOf, Start, reachable
from pruner.analysis.routes import Routes
from pruner.analysis.spelling import Spelling
from pruner.analysis.states import State
from pruner.analysis.usage import metadata_lines, probed, used_data
from pruner.analysis.verdicts import LEAST, Evidence
from pruner.analysis.words import Driver, Known, Words
from pruner.model import (
    Inventory,
    Level,
    Policy,
    Proof,
    SourceTree,
    Trace,
    Unreadable,
    Value,
)


class Subject(Value, frozen=True):
    """What is known of an image before anything is decided."""

    inventory: Inventory
    traces: tuple[Trace, ...]  # one run of each agent: what the proof is compared with
    tree: SourceTree
    entries: tuple[str, ...]  # first-party files that the agents' commands start
    said: dict[str, str] = {}  # noqa: RUF012  words of commands and environments -> where
    named: Said = Said()  # what else commands and environments name
    asked: frozenset[str] = frozenset()  # what the image's own requirements list, by key
    wanted: dict[str, str] = {}  # noqa: RUF012  kept by configuration or put back: key -> why
    also: tuple[Trace, ...] = ()  # of other runs, whose evidence counts as well
    no_gpu: bool = False  # the image asks for one, and none was there


UsesOf = Callable[[Sequence[Source]], Mapping[str, tuple[Use, ...]]]


def no_uses(_: Sequence[Source]) -> dict[str, tuple[Use, ...]]:
    """Return nothing: where nobody asks what files read off modules."""
    return {}


class Reading(NamedTuple):
    """How installed files are read: what only a sandbox can open."""

    sites_of: SitesOf
    linkage: Mapping[str, Linkage]
    startup: frozenset[str] = frozenset()  # modules that load themselves: see rules/startup.toml
    drivers: tuple[Driver, ...] = ()  # see rules/drivers.toml
    needs: tuple[ModuleNeed, ...] = ()  # see rules/needs.toml
    uses_of: UsesOf = no_uses
    mentions_of: MentionsOf = no_mentions
    about: frozenset[str] = frozenset()  # import names of rivals: who uses what of them is asked
    gpu: GpuKnown = GpuKnown()  # see rules/gpu.toml


class Weighed(Value, frozen=True):
    """The evidence, and what could not be weighed."""

    evidence: Evidence
    missing: tuple[Missing, ...]
    unreadable: tuple[Unreadable, ...]  # installed files, below their site folder
    used: tuple[Used, ...] = ()  # what installed code uses of rivals
    unnamed: dict[str, frozenset[str]] = {}  # noqa: RUF012  see `Reach.unnamed`


def weigh(subject: Subject, ownership: Ownership, reading: Reading, policy: Policy) -> Weighed:
    """Return everything that speaks for the installed distributions.

    The policy decides what counts as kept where a library links to another.
    """
    spelling = Spelling(ownership, subject.tree)
    first = _first(subject, ownership, reading, spelling)
    follow = _Follow(subject, ownership, reading, policy, first.start, first.given)
    told = Told()
    proofs, reach, native = follow()
    if subject.no_gpu and (told := for_a_gpu(subject.inventory, reading.linkage, reading.gpu)):
        proofs, reach, native = follow.without_a_gpu(told)
    traces = (*subject.traces, *subject.also)
    routes = Routes(traces, subject.tree, subject.entries, spelling)
    used, required = first.given[Level.OBSERVED], first.given[Level.REQUIRED]
    evidence = Evidence(
        proofs={level: spelling.proofs(found) for level, found in proofs.items()},
        wanted=subject.wanted,
        chains=_chains(used, required, reach, routes, first.begun),
        users=_users(traces, ownership, required, reach, native),
        unseen=told.built,
    )
    return Weighed(
        evidence=evidence,
        missing=first.missing,
        unreadable=reach.unreadable,
        used=_used(reach, reading, ownership),
        unnamed=reach.unnamed,
    )


class _First(NamedTuple):
    """What speaks for distributions before imports and libraries of installed code are followed."""

    given: "Proofs"
    start: Start  # where to follow them from
    begun: dict[str, str]  # files of distributions that first-party code leads to -> "path:line"
    missing: tuple[Missing, ...]


def _first(subject: Subject, ownership: Ownership, reading: Reading, spelling: Spelling) -> _First:
    """Return what traces used, and what first-party code, commands and settings ask for."""
    inventory, tree = subject.inventory, subject.tree
    loaded = [item for trace in (*subject.traces, *subject.also) for item in trace.loaded]
    files = reached(tree, subject.entries, (*subject.traces, *subject.also))
    imports = imported(tree, files, ownership, no_gpu=subject.no_gpu)
    words = Words(tree, files, subject.said)
    used, probes = _seen(subject, ownership, reading, spelling)
    named, modules = words.needs(
        Known(
            inventory=inventory,
            ownership=ownership,
            used=frozenset({*used, *imports.required}),
            asked=subject.asked | by_extra(inventory, subject.asked),
            drivers=reading.drivers,
        )
    )
    asks = asked_for(inventory, ownership, tree, files, subject.named)
    sites = (site for path in sorted(files) for site in tree.files[path].sites)
    based, below = stood_on(reading.needs, inventory, sites, (item.what for item in loaded))
    names = {**subject.named.imports, **modules, **imports.names}
    offered = (offer.value for dist in inventory.distributions for offer in dist.offers)
    return _First(
        given={
            Level.OBSERVED: used,
            Level.REQUIRED: joined(imports.required, named, asks.required, based),
            Level.REACHABLE: below,
            Level.GUARDED: joined(imports.guarded, asks.guarded, probes),
        },
        start=Start(
            loaded=tuple(item for item in loaded if item.what not in reading.startup),
            required=(*names, *_modules(subject.wanted, ownership)),
            symbols=taken(tree, files),
            scripts=asks.scripts,
            named=frozenset(words.where),
            asked=subject.asked,
            about=reading.about,
            said=mentioned((tree.files[path] for path in sorted(files)), (*words.where, *offered)),
            no_gpu=subject.no_gpu,
        ),
        begun=_starts(names, asks.where, ownership),
        missing=tuple(
            item for item in imports.missing if not _stands_in(item, reading.needs, based)
        ),
    )


def _seen(
    subject: Subject, ownership: Ownership, reading: Reading, spelling: Spelling
) -> tuple[dict[str, tuple[Proof, ...]], dict[str, tuple[Proof, ...]]]:
    """Return what traces used, and of what they only looked whether it is there."""
    traces = (*subject.traces, *subject.also)
    inventory, tree = subject.inventory, subject.tree
    installed = len(inventory.distributions)
    lines = coping_lines(metadata_lines(traces), inventory, tree, spelling, reading.sites_of)
    read = used_data(traces, ownership, installed, lines)
    used = joined(observed(traces, ownership, reading.startup), read)
    return used, probed(traces, ownership, installed, lines)


def _used(reach: Reach, reading: Reading, ownership: Ownership) -> tuple[Used, ...]:
    """Return what reached installed files use of rivals, but for parts that others cope without."""
    states = {source: state for source, state in reach.importers if state is not State.MAYBE}
    found = reading.uses_of(list(states)) if states else {}
    return tuple(
        Used(
            name=use.name,
            by=f"{ownership.below_site(source.path)}:{use.line}",
            owners=ownership.of_file(source.path),
            runs=use.always and state >= State.CERTAIN,
        )
        for source, state in states.items()
        for use in found.get(source.path, ())
        if use.name.partition(".")[0] in reading.about
    )


Proofs = dict[Level, dict[str, tuple[Proof, ...]]]


class _Follow(NamedTuple):
    """Follows imports and libraries from where they start; what else is `given` is joined."""

    subject: Subject
    ownership: Ownership
    reading: Reading
    policy: Policy
    start: Start
    given: Proofs

    def __call__(self, more: Proofs | None = None) -> tuple[Proofs, Reach, Links]:
        """Return all proofs, with what leads to them; `more` is to be followed as well."""
        more = more or {}
        inventory = self.subject.inventory
        modules = _modules(more.get(Level.REACHABLE, ()), self.ownership)
        start = msgspec.structs.replace(self.start, required=(*self.start.required, *modules))
        reading = self.reading
        reach = reachable(inventory, self.ownership, start, reading.sites_of, reading.mentions_of)
        proofs = {
            **self.given,
            Level.REACHABLE: joined(
                reach.reachable, self.given[Level.REACHABLE], more.get(Level.REACHABLE, {})
            ),
            Level.GUARDED: joined(self.given[Level.GUARDED], reach.guarded),
        }
        strong = {
            key for level, rows in proofs.items() if level >= _root(self.policy) for key in rows
        }
        roots = {*strong, *self.subject.wanted, *more.get(Level.LINKED, ())}
        native = links(inventory, reading.linkage, roots & inventory.by_key().keys())
        proofs[Level.LINKED] = joined(native.proofs, more.get(Level.LINKED, {}))
        return proofs, reach, native

    def without_a_gpu(self, told: Told) -> tuple[Proofs, Reach, Links]:
        """Return the same with what only a run on a GPU could have used, and what that leads to."""
        more: Proofs = {}
        while True:
            proofs, reach, native = self(more)
            strong = (rows for level, rows in proofs.items() if level >= Level.REACHABLE)
            kept = {*self.subject.wanted, *(key for rows in strong for key in rows)}
            found = not_seen(told, self.subject.inventory, proofs[Level.GUARDED], kept)
            if not found:
                return proofs, reach, native
            more = {
                level: {**more.get(level, {}), **found.get(level, {})}
                for level in (Level.LINKED, Level.REACHABLE)
            }


def _stands_in(item: Missing, needs: Iterable[ModuleNeed], based: Mapping[str, object]) -> bool:
    """Tell whether a module that nobody has is answered for by a distribution that is there."""
    top = item.module.partition(".")[0]
    return any(row.module == top and row.distribution in based for row in needs)


def _starts(
    names: Mapping[str, str], scripts: Mapping[str, str], ownership: Ownership
) -> dict[str, str]:
    """Return the files of distributions that first-party code leads to -> "path:line"."""
    return {file: by for name, by in names.items() for file in ownership.files_of(name)} | {
        **scripts
    }


def _root(policy: Policy) -> Level:
    """Return the weakest level whose libraries stay, and so ask for others."""
    return max(LEAST[policy], Level.REACHABLE)


def _modules(keys: Iterable[str], ownership: Ownership) -> tuple[str, ...]:
    return tuple(name for key in sorted(keys) for name in ownership.tops_of(key))


def _chains(
    used: Mapping[str, tuple[Proof, ...]],
    required: Mapping[str, tuple[Proof, ...]],
    reach: Reach,
    routes: Routes,
    sites: Mapping[str, str],
) -> dict[str, tuple[str, ...]]:
    """Return the way to each distribution, for its strongest level."""
    chains: dict[str, tuple[str, ...]] = {}
    for key, steps in reach.chains.items():
        start = reach.starts[key]
        before = routes.to_file(start) or (routes.to_line(sites[start]) if start in sites else ())
        chains[key] = (*before, *steps)
    for found in (required, used):
        for key, proofs in found.items():
            by = next((proof.by for proof in proofs if proof.by), None)
            if by is not None:
                chains[key] = routes.to_line(by)
    return chains


def _users(
    traces: Iterable[Trace],
    ownership: Ownership,
    required: Iterable[str],
    reach: Reach,
    native: Links,
) -> dict[str, tuple[str, ...]]:
    """Return whose code uses each distribution: keys, and "" for the image's own."""
    found: dict[str, set[str]] = defaultdict(set)
    ran = users(traces, ownership)
    for key, keys in (*ran.items(), *reach.users.items(), *native.users.items()):
        found[key].update(keys)
    for key in required:
        found[key].add("")
    return {key: tuple(sorted(keys)) for key, keys in sorted(found.items())}
