"""Native libraries that cannot load here, without loading any: what they need and nothing offers.

A library that a trace mapped has all that it needs. For every other one of a distribution that
stays, each DT_NEEDED has to be found: see `offers`. Whether anything will ever ask for it nobody
can tell, so most of this is only told. Where what is missing is a library of CUDA, and another
version of it is here, somebody has to choose.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.analysis.linkage import is_extension
from pruner.analysis.offers import Offers, Scene
from pruner.analysis.platforms import foreign, platform_conflict
from pruner.model import Choice, Conflict, Proof, Value

MOST_SHOWN = 3
"""Names in a sentence before the rest are counted."""
MOST_PROOFS = 40
"""Proofs of one conflict."""
CUDA, DEBIAN, WHEEL, ELSEWHERE, NOBODY = "cuda", "debian", "wheel", "elsewhere", "nobody"
"""Why a library is missing: the wrong CUDA is here; who would have it; where it lies."""

_CUDA = re.compile(
    r"lib(cublas|cublasLt|cudart|cudnn\w*|cufft|cufftw|curand|cusolver|cusolverMg|cusparse"
    r"|cusparseLt|cupti|nccl|nvrtc|nvJitLink|nvToolsExt|npp\w*|nvjpeg)\.so\.([0-9]+)"
)
_NUMBER = re.compile("[0-9]+")
_DRIVER = ("libcuda.so.1", "libnvcuvid.so.1", "libnvidia-*.so.1", "libnvoptix.so.1")
"""What the container runtime mounts where a GPU is given to a container."""


class Known(Value, frozen=True):
    """Who has a library: a row of knowledge."""

    soname: str  # a name, or a pattern of one
    provides: str = ""  # the distribution
    what: str = ""  # the whole that it belongs to: "CUDA 11"
    driver: bool = False  # mounted by the container runtime
    debian: str = ""  # the package


class Consequence(Value, frozen=True):
    """What happens where a library cannot load: a row of knowledge."""

    library: str  # the name of a file, or a pattern of one
    what: str  # "the CUDA provider will not load; it runs on the CPU without an error"


class _Miss(Value, frozen=True):
    library: str  # path
    name: str
    reason: str


def unmet(
    scene: Scene,
    ownership: Ownership,
    known: Sequence[Known] = (),
    consequences: Sequence[Consequence] = (),
) -> tuple[Conflict, ...]:
    """Return what cannot load of the distributions that stay: kinds "library" and "platform".

    One conflict a distribution and reason. Only those about CUDA are not settled; their choices
    are what can be told from here. Nothing is said of libraries that could not be read, nor, where
    the system could not be, of what it has.
    """
    search = _Search(scene, Offers(scene, ownership), known, consequences)
    installed = scene.inventory.by_key()
    found: list[Conflict] = []
    for key in sorted(scene.kept & installed.keys()):
        platform = platform_conflict(scene, search.offers, installed[key])
        found += [platform] if platform else []
        found += search.conflicts(key)
    return tuple(found)


class _Search:
    """The question that is asked of every distribution."""

    def __init__(
        self,
        scene: Scene,
        offers: Offers,
        known: Sequence[Known],
        consequences: Sequence[Consequence],
    ) -> None:
        self.offers = offers
        self._system = scene.system
        self._known = known
        self._consequences = consequences

    def conflicts(self, key: str) -> Iterator[Conflict]:
        """Yield the conflicts of a distribution, one for each reason."""
        misses = list(self._misses(key))
        whole = self._begins(key) if self._all_fails(key, misses) else ()
        by_reason: dict[str, list[_Miss]] = defaultdict(list)
        for miss in misses:
            by_reason[miss.reason].append(miss)
        for_a_person = {miss.library for miss in misses if miss.reason == CUDA}
        for reason, some in sorted(by_reason.items()):
            conflict = self._conflict(key, reason, some, whole)
            if reason != CUDA and for_a_person.issuperset(miss.library for miss in some):
                # Whoever settles the other one has to look at these libraries in any case.
                conflict = msgspec.structs.replace(conflict, note=True)
            yield conflict

    def _misses(self, key: str) -> Iterator[_Miss]:
        if not self._system.known:
            return
        for path in self.offers.libraries(key):
            link = self.offers.link(path)
            if path in self.offers.mapped or foreign(link, self._system):
                continue
            names = self._lacking(key, path)
            wrong = any(_cuda(name) and self.offers.other_versions(name) for name in names)
            # A wheel that has one library for each CUDA opens the one that fits.
            wrong = wrong and not self._another_fits(key, path)
            for name in names:
                reason = self._reason(name)
                if wrong and _cuda(name) and reason != ELSEWHERE:
                    reason = CUDA
                yield _Miss(library=path, name=name, reason=reason)

    def _lacking(self, key: str, path: str) -> list[str]:
        """Return what a library needs and nothing offers."""
        return [
            name
            for name in self.offers.link(path).needed
            if not self.offers.found(key, path, name) and not self._is_driver(name)
        ]

    def _another_fits(self, key: str, path: str) -> bool:
        """Tell whether a library beside it, of the same name but for numbers, lacks nothing."""
        folder, name = posixpath.split(path)
        return any(
            other != path
            and posixpath.dirname(other) == folder
            and _NUMBER.sub("", posixpath.basename(other)) == _NUMBER.sub("", name)
            and not self._lacking(key, other)
            for other in self._usable(key)
        )

    def _is_driver(self, name: str) -> bool:
        known = any(row.driver for row in self._rows(name))
        return known or any(fnmatchcase(name, each) for each in _DRIVER)

    def _reason(self, name: str) -> str:
        rows = self._rows(name)
        if self.offers.elsewhere(name):
            return ELSEWHERE
        if any(row.provides for row in rows):
            return WHEEL
        return DEBIAN if any(row.debian for row in rows) else NOBODY

    def _rows(self, name: str) -> list[Known]:
        return [row for row in self._known if fnmatchcase(name, row.soname)]

    def _usable(self, key: str) -> list[str]:
        """Return the libraries of a distribution that are for this system."""
        paths = self.offers.libraries(key)
        return [path for path in paths if not foreign(self.offers.link(path), self._system)]

    def _begins(self, key: str) -> tuple[str, ...]:
        """Return the libraries that all use of its native code begins with: what Python imports."""
        usable = self._usable(key)
        return tuple(filter(is_extension, usable)) or tuple(usable)

    def _all_fails(self, key: str, misses: Sequence[_Miss]) -> bool:
        """Tell whether all of them fail: by what they need, or by what that needs in turn."""
        failed = {miss.library for miss in misses}
        more = set(failed)
        while more:
            left = [path for path in self._usable(key) if path not in failed]
            more = {path for path in left if self._drags(key, path, failed)}
            failed |= more
        return bool(misses) and failed.issuperset(self._begins(key))

    def _drags(self, key: str, path: str, failed: set[str]) -> bool:
        """Tell whether a library needs one of its own distribution that fails."""
        if path in self.offers.mapped:
            return False
        own = (self.offers.own(key, name) for name in self.offers.link(path).needed)
        return any(paths and failed.issuperset(paths) for paths in own)

    def _conflict(
        self, key: str, reason: str, misses: Sequence[_Miss], whole: Sequence[str]
    ) -> Conflict:
        names = tuple(dict.fromkeys(miss.name for miss in misses))
        effect = self._effect(posixpath.basename(miss.library) for miss in misses)
        what = self._subject(whole or [miss.library for miss in misses])
        if whole:
            what += ", without which none of its native code runs,"
        proofs = tuple(
            Proof(kind="needed", what=miss.name, by=self.offers.below_site(miss.library))
            for miss in misses
        )
        return Conflict(
            kind="library",
            distributions=(key,),
            why=f"{what} cannot load{self._why(reason, names)}" + (f"; {effect}" if effect else ""),
            settled=reason != CUDA,
            proof=proofs[:MOST_PROOFS],
            choices=tuple(self._choices(key, names)) if reason == CUDA else (),
            note=reason != CUDA and not whole and not effect,
        )

    def _subject(self, libraries: Iterable[str]) -> str:
        paths = list(dict.fromkeys(map(self.offers.below_site, libraries)))
        return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"

    def _why(self, reason: str, names: Sequence[str]) -> str:
        if reason == ELSEWHERE:
            owners = sorted({key for name in names for key in self.offers.elsewhere(name)})
            have = "has" if len(owners) == 1 else "have"
            led = f" by itself: nothing leads it to {listed(names)}"
            return f"{led}, which {listed(owners)} {have}"
        text = f": nothing here has {listed(names)}"
        holders = self._holders(names)
        if holders:
            text += f" ({listed(holders)})"
        return f"{text}, but {listed(self._instead(names))}" if reason == CUDA else text

    def _holders(self, names: Iterable[str]) -> list[str]:
        """Return who would have the names, as a person would ask for them."""
        said: dict[str, None] = {}
        for row in (row for name in names for row in self._rows(name)):
            if row.provides or row.debian:
                said[row.provides or f"Debian's {row.debian}"] = None
        left_out = {key for name in names for key in self.offers.left_out(name)}
        return [*(f"{key}, which is left out" for key in sorted(left_out)), *said]

    def _effect(self, names: Iterable[str]) -> str:
        """Return what is known to happen where one of these libraries cannot load."""
        known = (
            row.what
            for name in names
            for row in self._consequences
            if fnmatchcase(name, row.library)
        )
        return next(known, "")

    def _instead(self, names: Iterable[str]) -> list[str]:
        """Return the other versions of these libraries that are here."""
        return sorted({other for name in names for other in self.offers.other_versions(name)})

    def _choices(self, key: str, names: Sequence[str]) -> Iterator[Choice]:
        """Yield what would settle it: another build, or what it was built for beside the rest."""
        here = self._instead(names)
        wholes = sorted({row.what for name in here for row in self._rows(name) if row.what})
        yield Choice(
            what=f"a version of {key} that is built for {listed(wholes or here)}",
            config=f"{key}==VERSION",
        )
        rows = [row for name in names if _cuda(name) for row in self._rows(name)]
        wheels = sorted({row.provides for row in rows if row.provides})
        if wheels:
            yield Choice(what="what it was built for, beside the other", config="\n".join(wheels))


def _cuda(name: str) -> bool:
    return _CUDA.match(name) is not None


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b", "a, b, c and 4 more"."""
    shown, more = list(names[:MOST_SHOWN]), len(names) - MOST_SHOWN
    if more > 0:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
