"""What strings say: a driver in the URL of a database, a backend, a plugin or a class by its name.

A word alone needs nothing: an engine may be called "whisper", and a distribution has that name. It
counts where something else says what it is for:

- a URL that names its driver, or a scheme for which a library that is used has a default;
- the name of an extra of a distribution that is used: what that extra asks for, where the image's
  requirements list it (anyio's "trio", fsspec's "github://");
- the name of an entry point, in a group that a distribution which is used looks through
  (markdown's "callouts"), or a group of which first-party code itself says the name;
- a dotted name that leads to an installed module inside a package ("pkg.mod", "pkg.mod.name"), or
  to what is spelled as a class ("mod.Class", "mod:Class"), as settings have them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pruner.analysis.attribution import Ownership, extras
from pruner.model import Distribution, Inventory, Proof, SourceTree, Value, normalise

SCRIPTS = frozenset({"console_scripts", "gui_scripts"})
"""Groups that nobody looks through: they say what an installer puts into bin/."""

_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")

FOR_AUTHORS = re.compile(r"(all|dev|doc|lint|test|typ)", re.IGNORECASE)
"""How extras begin that say nothing of how a distribution is used."""


class Driver(Value, frozen=True):
    """What a library loads for a URL or a name that says no more: sqlalchemy, mysql, MySQLdb."""

    user: str  # the key of the distribution that reads it
    scheme: str  # or a dotted name
    module: str


class Known(NamedTuple):
    """What the meaning of a word depends on."""

    inventory: Inventory
    ownership: Ownership
    used: frozenset[str]  # distributions that ran or that first-party code imports, by key
    asked: frozenset[str]  # what the image's requirements ask for, by key
    drivers: tuple[Driver, ...] = ()


class Named(NamedTuple):
    """A module that a word asks for, and why."""

    module: str
    proof: Proof


class Words:
    """The words of first-party strings, of commands and of environments, and where they stand."""

    def __init__(self, tree: SourceTree, files: Iterable[str], said: Mapping[str, str]) -> None:
        self.where: dict[str, str] = {}
        for path in sorted(files):
            for word, line in tree.files[path].texts.items():
                self.where.setdefault(word, f"{path}:{line}")
        for word, place in (*said.items(), *tree.settings.items()):
            self.where.setdefault(word, place)
        self._own = {file.module.partition(".")[0] for file in tree.files.values()}

    def needs(self, known: Known) -> tuple[dict[str, tuple[Proof, ...]], dict[str, str]]:
        """Return what words ask for: proofs by distribution, and modules with their lines."""
        proofs: dict[str, tuple[Proof, ...]] = {}
        modules: dict[str, str] = {}
        kinds = (self._drivers, self._extras, self._plugins, self._dotted)
        for module, proof in (named for kind in kinds for named in kind(known)):
            for key in known.ownership.of_module(module):
                modules.setdefault(module, proof.by or "")
                proofs.setdefault(key, (proof,))
        return proofs, modules

    def _drivers(self, known: Known) -> Iterator[Named]:
        """Yield the drivers of URLs: "postgresql+asyncpg" names its own."""
        for word, by in self.where.items():
            if "+" in word:
                module = word.partition("+")[2].partition(".")[0]
                yield Named(module, Proof(kind="url", what=f"{word}://", by=by))
        for row in known.drivers:
            if row.user in known.used and row.scheme in self.where:
                kind, end = ("dotted name", "") if "." in row.scheme else ("url", "://")
                proof = Proof(kind=kind, what=row.scheme + end, by=self.where[row.scheme])
                yield Named(row.module, proof)

    def _extras(self, known: Known) -> Iterator[Named]:
        words = {normalise(word): by for word, by in self.where.items()}
        for dist in _used(known):
            for key, extra in extras(dist.requires):
                if extra in words and key in known.asked and not FOR_AUTHORS.match(extra):
                    what = f"{dist.key}[{extra}]"
                    for module in known.ownership.tops_of(key):
                        yield Named(module, Proof(kind="extra", what=what, by=words[extra]))

    def _plugins(self, known: Known) -> Iterator[Named]:
        offers = [
            (dist.key, each, self.where.get(each.group) or self.where[each.name])
            for dist in known.inventory.distributions
            for each in dist.offers
            if each.group not in SCRIPTS
            and not self.where.keys().isdisjoint((each.group, each.name))
        ]
        if not offers:
            return  # which import names there are is not worth a look
        hosts = [(top, dist.key) for dist in _used(known) for top in _tops(dist.key, known)]
        for key, each, by in offers:
            group = each.group.lower()
            looked = (host for top, host in hosts if host != key and _begins(group, top))
            if each.group in self.where or any(looked):
                what = f"{each.name} of {each.group}"
                yield Named(each.module, Proof(kind="entry point", what=what, by=by))

    def _dotted(self, known: Known) -> Iterator[Named]:
        for word, by in self.where.items():
            module, colon, name = word.partition(":")
            if not colon and not known.ownership.has(module):
                module, _, name = module.rpartition(".")
            # "requests:history" is a key of redis, and "redis.conf" a file.
            sure = "." in module or _CLASS.fullmatch(name)
            own = module.partition(".")[0] in self._own
            if sure and not own and known.ownership.has(module):
                yield Named(module, Proof(kind="dotted name", what=word, by=by))


def _used(known: Known) -> Iterator[Distribution]:
    return (dist for dist in known.inventory.distributions if dist.key in known.used)


def _tops(key: str, known: Known) -> Iterator[str]:
    """Yield what groups of a distribution begin with: its import names, in small letters."""
    return (name.partition(".")[0].lower() for name in known.ownership.tops_of(key))


def _begins(group: str, top: str) -> bool:
    """Tell whether "markdown.extensions" or "pytest11" is a group of the module `top`."""
    return group.startswith(top) and not group[len(top) : len(top) + 1].isalpha()
