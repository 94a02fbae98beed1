"""What installed code could still load: from what ran, along imports in functions not called yet.

Each rule is about one question: would the distribution that an import names be missed?

1. What ran has run. The module-level imports of a loaded file are in the trace, on this interpreter
   and platform: those that are not there stand in a branch that was not taken. Only its functions
   are still to come.
2. A stated need counts. Where code imports what its own distribution requires (by metadata, down
   the graph, with the extras that were asked for), that is followed, wherever it stands.
3. An unstated need counts only where it is certain: at module level, in files that importing runs
   in any case. `certain` are the files that a followed import of *another* distribution executes,
   and what these import at module level. A function of torch that imports matplotlib, or a module
   of torch's own that only functions import and that imports pytest, must be optional: torch is
   installed without them. Such an import is `guarded` evidence, of the kind "optional import".
4. The same under a question about the platform: what is not required here, by its marker, is for
   another platform.
5. Imports that cope with an absence are `guarded` evidence and are not followed beyond their own
   distribution, but for those that a file makes when it is loaded and that its own distribution
   requires: requests copes without charset-normalizer, and reads other pages with it. The blocks
   under `if __name__ == "__main__"` are left out: an installed file that was the program has run.
6. A package that loads its parts on demand (a replaced module, `lazy_loader`, `__getattr__` with
   `import_module`) leads to all modules right below it, but its tests: these nobody asks for.
7. Somebody may have asked for what only rules 3 to 5 would leave out. Where a string of first-party
   code, an agent's command or its environment is the name of what is imported ("html5lib"), the
   import counts, whatever stands around it. A need of a file that ran, or is certain to, counts
   where its distribution is one that ran or that first-party code imports, names the need under an
   extra, and the image's own requirements list it: pandas requires openpyxl only with `[excel]`,
   so who lists it beside pandas wants it for pandas. The same holds where the file copes and would
   import it when it is loaded (lxml beside bs4). It also holds for what the image's requirements
   ask for by an extra (`requests[socks]`), whoever imports it (urllib3), and for what a user of the
   distribution requires beside it (httpx requires httpcore, and the anyio of one of its extras).
8. What does not count by itself is followed where its distribution stays anyway: it will be found.
9. Who imports a name from a package that loads its parts on demand needs the part that has it.
10. Where an image asks for a GPU and none was there, a branch that asks for one was not answered by
    the run. What stands in it counts as if its file had still to run, whoever requires it.
11. A program that installed code starts, or a distribution whose metadata it asks for, by a name
    that can be read, counts only where that is a stated need. Of a program that did not run, all
    modules are parts that somebody may ask for.
12. What only a line of the image's requirements asks for, by rule 7, does not count in a function
    that nothing names: see `callers`. networkx can make a data frame of a graph; who never mentions
    the functions that do lists pandas for nobody.

What cannot be seen: a name that only running tells, and what `from x import *` loads of `__all__`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.callers import Library, Mentioned, MentionsOf, no_mentions
from pruner.analysis.counting import Counting
from pruner.analysis.installed import (
    NOT_ASKED_FOR,
    Site,
    Sites,
    Source,
    parts,
    programs,
    script,
    sources,
)
from pruner.analysis.states import State, kind_of, within
from pruner.analysis.trail import Step, Trail
from pruner.analysis.wishes import Wish, Wishes
from pruner.model import (
    Ask,
    Guard,
    Inventory,
    Loaded,
    OwnedFile,
    Proof,
    Unreadable,
    Value,
    normalise,
)

MOST_PROOFS = 5
"""Proofs kept for one distribution that is only guarded."""

MAIN = ".__main__"
LONGEST_SCRIPT = 1 << 16
"""Bytes of a program that is read as a script: those that installers write have a few hundred."""


SitesOf = Callable[[Sequence[Source]], Mapping[str, Sites | Unreadable]]


class Reach(Value, frozen=True):
    """What installed code could load beside what was loaded; all by the key of a distribution.

    A chain is the lines ("torch/__init__.py:418") from a file that was loaded, or that first-party
    code imports, to the import of the distribution, each in a file that the line before it loads.
    """

    reachable: dict[str, tuple[Proof, ...]]
    guarded: dict[str, tuple[Proof, ...]]
    chains: dict[str, tuple[str, ...]]
    starts: dict[str, str]  # the file that the chain begins in, as a trace names it
    users: dict[str, tuple[str, ...]]  # the distributions whose code imports it
    importers: tuple[tuple[Source, State], ...] = ()  # files that import what was asked `about`
    unnamed: dict[str, frozenset[str]] = {}  # noqa: RUF012  who mentions one of the names needs it
    unreadable: tuple[Unreadable, ...] = ()
    files: int = 0  # that were read


class Start(Value, frozen=True):
    """Where a search begins, and what speaks for imports that would not count by themselves."""

    loaded: tuple[Loaded, ...] = ()
    required: tuple[str, ...] = ()  # dotted names that first-party code imports
    symbols: Mapping[str, frozenset[str]] = MappingProxyType({})  # module -> what is taken from it
    scripts: tuple[OwnedFile, ...] = ()  # programs that it starts
    named: frozenset[str] = frozenset()  # words of first-party strings
    asked: frozenset[str] = frozenset()  # what the image's own requirements list, by key
    about: frozenset[str] = frozenset()  # first parts of import names: who imports them is told
    said: Mentioned = Mentioned()  # what first-party code mentions: rule 12
    no_gpu: bool = False  # the image asks for one, and none was there


class _Found(NamedTuple):
    what: str
    step: Step
    there: bool  # the module that is imported is a file


def reachable(
    inventory: Inventory,
    ownership: Ownership,
    start: Start,
    sites_of: SitesOf,
    mentions_of: MentionsOf = no_mentions,
) -> Reach:
    """Return what can be reached from loaded files, and from modules that first-party code needs.

    `sites_of` is called once for all files at the same distance.
    """
    walk = _Walk(inventory, ownership, start, sites_of, mentions_of)
    for item in start.loaded:
        walk.start(item.file, State.LOADED)
    for name in start.required:
        for path in ownership.files_of(name):
            walk.start(path, State.CERTAIN)
        if name.endswith(MAIN):
            walk.whole(ownership.of_module(name), None)
    for file in start.scripts:
        walk.program(file)
    walk.run()
    return walk.result()


class _Walk:
    """One search, breadth first, so that the first chain to a distribution is a shortest one."""

    def __init__(
        self,
        inventory: Inventory,
        ownership: Ownership,
        start: Start,
        sites_of: SitesOf,
        mentions_of: MentionsOf,
    ) -> None:
        self._inventory = inventory
        self._ownership = ownership
        self._symbols = start.symbols
        self._about = start.about
        self._wishes = Wishes(start.said, mentions_of)
        self._sites_of = sites_of
        self._sources = sources(inventory)
        self._programs = programs(inventory, ownership)
        self._parts = parts(self._sources.values())
        self._state: dict[str, State] = {}
        self._trail = Trail(ownership)
        self._todo: dict[str, None] = {}
        self._sites: dict[str, Sites] = {}
        self._users: dict[str, set[str]] = defaultdict(set)
        self._reached: dict[str, _Found] = {}
        self._guarded: dict[str, list[Proof]] = defaultdict(list)
        self._unreadable: dict[str, Unreadable] = {}
        self._known: set[str] = set()
        self._ran: set[str] = set()
        self._no_gpu = start.no_gpu
        self._counting = Counting(
            inventory,
            start.named,
            start.asked,
            self._known,
            self._reached.keys(),
            no_gpu=start.no_gpu,
        )
        self._targets: dict[tuple[str, str | None], tuple[str, ...]] = {}
        self._waiting: dict[str, list[tuple[str, State, Step]]] = defaultdict(list)

    def start(self, path: str, state: State) -> None:
        """Begin at a file."""
        real = self._real(path)
        self._known.update(self._ownership.of_file(real))
        self._trail.begin(real, path)
        if state is State.LOADED:
            self._ran.update(self._ownership.of_file(real))
        self._enter(real, state, None)

    def program(self, file: OwnedFile) -> None:
        """Begin at a program of a distribution; one that is no Python has nothing to follow."""
        self._add_program(file)
        self.start(file.path, State.CERTAIN)
        self.whole(self._ownership.of_file(file.path), Step(file.path, 1))

    def whole(self, keys: Iterable[str], step: Step | None) -> None:
        """Enter all modules of a program that did not run: none of its plugins was seen either."""
        owners = set(keys) - self._ran
        for path, source in list(self._sources.items()):
            names = source.module.split(".")[1:]
            if any(name.startswith(NOT_ASKED_FOR[1:]) for name in names):
                continue
            if owners.intersection(self._ownership.of_file(path)):
                self._enter(path, State.LOOSE, step)

    def _add_program(self, file: OwnedFile) -> None:
        if file.path not in self._sources and (file.size or 0) <= LONGEST_SCRIPT:
            self._sources[file.path] = script(file)

    def run(self) -> None:
        """Follow imports until nothing new is found, nor a wish whose function is named."""
        while self._todo:
            batch = [self._sources[path] for path in self._todo]
            self._todo = {}
            self._read([source for source in batch if source.path not in self._sites])
            for source in batch:
                self._file(source)
            if not self._todo:
                for wish in self._wishes.named(self._library, {*self._known, *self._reached}):
                    self._count(wish)
        for wish in self._wishes.left():
            self._guard(wish)

    def result(self) -> Reach:
        """Return what was found."""
        return Reach(
            reachable={key: (self._proof(row),) for key, row in sorted(self._reached.items())},
            guarded={key: tuple(rows) for key, rows in sorted(self._guarded.items())},
            chains={
                key: self._trail.lines_to(row.step) for key, row in sorted(self._reached.items())
            },
            starts={key: self._trail.begun(row.step) for key, row in sorted(self._reached.items())},
            users={key: tuple(sorted(users)) for key, users in sorted(self._users.items())},
            importers=tuple(
                (self._sources[path], self._state[path])
                for path, sites in sorted(self._sites.items())
                if any(site.module.partition(".")[0] in self._about for site in sites.sites)
            ),
            unnamed=self._wishes.names(),
            unreadable=tuple(
                msgspec.structs.replace(row, path=self._ownership.below_site(path))
                for path, row in sorted(self._unreadable.items())
            ),
            files=len(self._sites),
        )

    def _read(self, wanted: Sequence[Source]) -> None:
        answer = self._sites_of(wanted) if wanted else {}
        for source in wanted:
            match answer.get(source.path):
                case Sites() as sites:
                    self._sites[source.path] = sites
                    if sites.unread is not None:
                        self._unreadable[source.path] = sites.unread
                case _ if source.module == "__main__":
                    self._sites[source.path] = Sites()
                case unreadable:
                    self._unreadable[source.path] = unreadable or Unreadable(
                        path=source.path, line=1, why="it was not read"
                    )
                    self._sites[source.path] = Sites()

    def _file(self, source: Source) -> None:
        found = self._sites[source.path]
        owners = self._ownership.of_file(source.path)
        for site in found.sites:
            state = self._state_at(source, site)
            main = site.guard is Guard.MAIN and source.module != "__main__"
            if main or (state is State.LOADED and site.guard is Guard.MODULE):
                continue
            for target in self._executed(site):
                if target != source.path:
                    self._import(source, site, owners, target)
        for ask in found.asks:
            self._ask(source, ask, owners)
        if found.lazy:
            self._demand(source, found, owners)

    def _state_at(self, source: Source, site: Site) -> State:
        """Return the state of the file where an import stands: rule 10."""
        state = self._state[source.path]
        waits = self._no_gpu and site.gpu and not site.deferred
        return State.CERTAIN if waits and state is State.LOADED else state

    def _demand(self, source: Source, found: Sites, owners: tuple[str, ...]) -> None:
        """Enter the parts of a package that loads them on demand: rules 6 and 9."""
        step = Step(source.path, found.lazy)
        for part in self._parts.get(source.module, ()):
            if set(self._ownership.of_file(part)) & set(owners):
                self._enter(part, State.LOOSE, step)
        for name in sorted(self._symbols.get(source.module, frozenset()) & found.names.keys()):
            for part in self._ownership.files_of(found.names[name]):
                self._enter(part, State.CERTAIN, step)

    def _import(self, source: Source, site: Site, owners: tuple[str, ...], target: str) -> None:
        """Weigh one file that one import executes."""
        wanted = self._ownership.of_file(target)
        step = Step(source.path, site.line)
        state = self._state_at(source, site)
        if set(owners) & set(wanted):
            if site.guard is not Guard.TYPE_CHECKING:
                self._enter(target, within(state, site), step)
            return
        wish = Wish(site, step, owners, wanted, target, kind_of(site, state))
        counts = self._counting.counts(site, state, owners, wanted)
        if counts or self._is_wished(wish, state):
            self._count(wish)
            return
        if not self._wishes.has(wish):
            self._guard(wish)
        if site.guard is not Guard.TYPE_CHECKING and not site.platform:
            self._follow_if_kept(wanted, target, within(state, site), step)

    def _count(self, wish: Wish) -> None:
        """Note that an import would be missed, and follow it."""
        site, step, wanted = wish.site, wish.step, wish.wanted
        self._reach(wanted, site, step)
        for key in wanted:
            self._users[key].update(wish.owners)
        self._enter(wish.target, State.TRIED if site.guard.copes else State.CERTAIN, step)
        if site.symbol == MAIN[1:]:
            self.whole(wanted, step)

    def _is_wished(self, wish: Wish, state: State) -> bool:
        """Tell whether somebody asks for what does not count by itself: rules 7 and 12."""
        site, owners, wanted = wish.site, wish.owners, wish.wanted
        if not self._counting.wished(site, state, owners, wanted):
            return False
        stays = self._known.issuperset(wanted) or self._counting.chosen(owners, wanted)
        return stays or not site.deferred or self._wishes.is_named(wish)

    def _library(self, keys: tuple[str, ...]) -> Library:
        owners = set(keys)
        tops = frozenset(top for key in owners for top in self._ownership.tops_of(key))
        own, users = [], []
        for path, found in sorted(self._sites.items()):
            if owners.intersection(self._ownership.of_file(path)):
                own.append(self._sources[path])
            elif any(site.module.partition(".")[0] in tops for site in found.sites):
                users.append(self._sources[path])
        return Library(tuple(own), tuple(users), tops)

    def _follow_if_kept(
        self, wanted: tuple[str, ...], target: str, state: State, step: Step
    ) -> None:
        """Enter a file of a distribution that stays anyway, now or as soon as that is known: 8."""
        if self._known.isdisjoint(wanted) and self._reached.keys().isdisjoint(wanted):
            for key in wanted:
                self._waiting[key].append((target, state, step))
        else:
            self._enter(target, state, step)

    def _ask(self, source: Source, ask: Ask, owners: tuple[str, ...]) -> None:
        """Weigh a program that installed code starts, or metadata that it asks for: rule 11."""
        file = self._programs.get(ask.what) if ask.kind == "script" else None
        found = self._ownership.of_file(file.path) if file else ()
        if ask.kind == "metadata":
            found = (normalise(ask.what.partition("[")[0]),)
        stated = {key for owner in owners for key in self._counting.needs_of(owner)}
        wanted = tuple(key for key in found if key in stated and key not in owners)
        state = self._state[source.path]
        ran = state is State.LOADED and ask.guard is Guard.MODULE
        if not wanted or ran or ask.guard.copes or state is State.MAYBE:
            return
        step = Step(source.path, ask.line)
        for key in wanted:
            self._users[key].update(owners)
            if key not in self._known:
                self._reached.setdefault(key, _Found(ask.what, step, there=True))
        if file is not None:
            self._add_program(file)
            self._enter(file.path, State.CERTAIN, step)
            self.whole(wanted, step)

    def _reach(self, wanted: Iterable[str], site: Site, step: Step) -> None:
        """Note that distributions are reached; an import of a module that is there says more."""
        below = self._ownership.files_of(site.module.rpartition(".")[0])
        there = len(self._executed(site)) > len(below)
        for key in set(wanted) - self._known:
            if key not in self._reached or (there and not self._reached[key].there):
                self._reached[key] = _Found(_what(site), step, there)
            for target, state, before in self._waiting.pop(key, ()):
                self._enter(target, state, before)

    def _guard(self, wish: Wish) -> None:
        for key in wish.wanted:
            if len(self._guarded[key]) < MOST_PROOFS:
                by = self._trail.spelled(wish.step)
                proof = Proof(kind=wish.kind, what=_what(wish.site), by=by)
                if proof not in self._guarded[key]:
                    self._guarded[key].append(proof)

    def _enter(self, path: str, state: State, step: Step | None) -> None:
        """Note that a file is reached; it is looked at again where it is surer than before."""
        if path not in self._sources or self._state.get(path, 0) >= state:
            return
        if path not in self._state and step is not None:
            self._trail.note(path, step)
        self._state[path] = state
        self._todo[path] = None

    def _executed(self, site: Site) -> tuple[str, ...]:
        """Return the files that an import executes; a symbol that is a submodule counts."""
        asked = (site.module, site.symbol)
        if asked not in self._targets:
            files = self._ownership.files_of(site.module)
            if site.symbol and site.symbol != "*":
                longer = self._ownership.files_of(f"{site.module}.{site.symbol}")
                files = longer if len(longer) > len(files) else files
            self._targets[asked] = files
        return self._targets[asked]

    def _proof(self, row: _Found) -> Proof:
        return Proof(kind="reachable", what=row.what, by=self._trail.spelled(row.step))

    def _real(self, path: str) -> str:
        for alias, real in self._inventory.aliases.items():
            if path not in self._sources and path.startswith(f"{alias}/"):
                return real + path[len(alias) :]
        return path


def _what(site: Site) -> str:
    return f"{site.module}.{site.symbol}" if site.symbol else site.module
