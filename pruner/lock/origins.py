"""Which index each pin comes from: said, found, or asked for."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pruner.errors import UsageError
from pruner.lock.compiling import Compiler, Offer, Pin
from pruner.lock.contents import is_installed
from pruner.lock.places import Place, Places
from pruner.model import Distribution, Finding, Inventory, Value
from pruner.urls import restored

AT_ONCE = 8
"""Lookups at the same time; each is a short run of uv."""


class Candidate(Value, frozen=True):
    """An index that has the version; `place` None is the default one."""

    place: Place | None
    offer: Offer


class Origins:
    """Finds out where pins come from; what an index has is asked for once."""

    def __init__(self, image: str, inventory: Inventory, places: Places) -> None:
        self.places = places
        self.compiler = Compiler(image, inventory, places.default)
        self._known = inventory.by_key()
        self._offers: dict[tuple[str, str, Place | None], Offer | None] = {}
        self._found: dict[tuple[str, str], tuple[Pin, Finding | None]] = {}

    def pins(self, wanted: Iterable[tuple[str, str]]) -> tuple[list[Pin], tuple[Finding, ...]]:
        """Return each (name, version) tied to its index, and what has to be said about that.

        Raises UsageError where pruner.toml names an index that does not have it.
        """
        rows = list(wanted)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(self._pin, rows))
        return [pin for pin, _ in found], tuple(item for _, item in found if item is not None)

    def _pin(self, row: tuple[str, str]) -> tuple[Pin, Finding | None]:
        if row not in self._found:
            self._found[row] = self._searched(*row)
        return self._found[row]

    def _searched(self, name: str, version: str) -> tuple[Pin, Finding | None]:
        dist = self._known.get(name)
        installed = dist if dist is not None and dist.version == version else None
        chosen = self.places.chosen.get(name)
        if chosen is not None:
            return self._chosen(name, version, chosen), None
        if installed is not None and installed.archive is not None:
            return Pin(name, version, archive=installed.archive), None
        own = self.places.own.get(name)
        if own is not None and self._offer(name, version, own) is not None:
            return Pin(name, version, own), None
        candidates = self._candidates(name, version)
        taken = take(candidates, lambda offer: self._matches(installed, offer))
        if taken is None and len(candidates) > 1:
            places = [self._url(Pin(name, version, item.place)) for item in candidates]
            finding = unsettled(self.compiler.image, f"{name}=={version}", name, places)
            return Pin(name, version, candidates[0].place), finding
        return Pin(name, version, taken.place if taken else None), None

    def _chosen(self, name: str, version: str, place: Place) -> Pin:
        if self._offer(name, version, place) is None:
            raise UsageError(
                f'images.{self.compiler.image}.indexes."{place.shown}": has no {name} {version}',
                hint="name the index that it was installed from",
            )
        return Pin(name, version, place)

    def _candidates(self, name: str, version: str) -> list[Candidate]:
        """Return the indexes that have a version, the default first; it alone is not even asked."""
        extra = [(place, self._offer(name, version, place)) for place in self.places.extra]
        found = [Candidate(place, offer) for place, offer in extra if offer is not None]
        default = self._offer(name, version, None) if found else None
        return [*([Candidate(None, default)] if default else []), *found]

    def _offer(self, name: str, version: str, place: Place | None) -> Offer | None:
        key = (name, version, place)
        if key not in self._offers:
            self._offers[key] = self.compiler.offer(Pin(name, version, place))
        return self._offers[key]

    def _matches(self, installed: Distribution | None, offer: Offer) -> bool:
        url = restored(offer.url, self.places.urls)
        return offer.wheel and installed is not None and is_installed(installed, url)

    def _url(self, pin: Pin) -> str:
        """Return the URL by which a person would choose an index."""
        return pin.place.shown if pin.place is not None else self.compiler.index_of(pin)


def take(candidates: Sequence[Candidate], matches: Callable[[Offer], bool]) -> Candidate | None:
    """Return the index that a distribution came from, None where that cannot be told.

    The same file on several is the same wherever it comes from. Else the wheel with the content
    that is installed decides; where no wheel has it, it was built, and from the only source.
    """
    if len({item.offer.sha256 for item in candidates}) == 1:
        return candidates[0]
    same = [item for item in candidates if matches(item.offer)]
    if same:
        return same[0]
    sources = [item for item in candidates if item.offer.source is not None]
    return sources[0] if len({item.offer.source for item in sources}) == 1 else None


def unsettled(image: str, pin: str, name: str, urls: Sequence[str]) -> Finding:
    """Return the finding for a pin that several indexes offer with different contents."""
    lines = [f'"{url}" = ["{name}"]' for url in urls]
    return Finding(
        code="PRN122",
        severity="error",
        where=pin,
        what=f"{' and '.join(urls)} offer it with different contents, and nothing tells which of"
        " them it came from",
        fix="\n".join([f"one of these lines in [images.{image}.indexes]", *lines]),
    )
