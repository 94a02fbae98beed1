"""From traced versions to a lock with hashes, by uv; no version is chosen anew."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import tomlkit

from pruner.lock.compiling import Pin, offer_of
from pruner.lock.origins import Origins
from pruner.lock.places import Place, Places
from pruner.model import Finding, Inventory, Value, Verdict
from pruner.sandbox.building import Source
from pruner.urls import bare

_HASH = re.compile(r"--hash=(\S+)")
_FROM = re.compile(r"\s*# from (\S+)")


class LockText(Value, frozen=True):
    """The two forms of one lock, without headers, and how many distributions it pins.

    URLs are bare, folders of this machine absolute: lock/moving.py makes both what a reader needs.
    """

    requirements: str
    pylock: str
    pins: int
    tied: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  index -> the pins that come from it alone
    sources: tuple[Source, ...] = ()
    findings: tuple[Finding, ...] = ()
    secretive: bool = False  # whether credentials were left out


def lock(inventory: Inventory, verdicts: Iterable[Verdict], origins: Origins) -> LockText:
    """Look up the hashes of every kept distribution's traced version, each on its own index.

    A requirements.txt cannot tie a name to an index, so what comes from a special one is pinned to
    the URL of its file; all else comes from the default index.
    """
    known = inventory.by_key()
    rows = sorted(
        (row for row in verdicts if row.kept and known[row.name].managed),
        key=lambda row: row.name,
    )
    wanted = [(row.name, row.version) for row in rows if known[row.name].local is None]
    pins, findings = origins.pins(wanted)
    requirements, pylock = "", 'lock-version = "1.0"\n'
    if pins:
        requirements, pylock = origins.compiler.compile(pins, ["requirements.txt", "pylock.toml"])
    document = tomlkit.parse(pylock)
    packages: dict[str, Any] = {row["name"]: row for row in document.get("packages", [])}
    blocks = dict(_blocks(requirements))
    _tie(packages, blocks, {pin.name: pin for pin in pins})
    lines = {pin.name: _line(pin, blocks[pin.name], packages[pin.name]) for pin in pins}
    above = _above(origins.places, pins, packages)
    return LockText(
        requirements="".join(f"{line}\n" for line in [*above, *lines.values()]),
        pylock=_bound(document, inventory),
        pins=len(pins),
        tied=_tied(pins),
        sources=tuple(_sources(pins, packages, lines)),
        findings=findings,
        secretive=any(url != bare(url) for url in _used(origins.places, pins)),
    )


def _used(places: Places, pins: Iterable[Pin]) -> Iterator[str]:
    yield from (pin.place.url for pin in pins if pin.place is not None)
    yield from (pin.archive for pin in pins if pin.archive is not None)
    if places.default is not None:
        yield places.default.url


def _tied(pins: Iterable[Pin]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for pin in pins:
        if pin.place is not None:
            found.setdefault(pin.place.shown, []).append(pin.name)
    return {place: tuple(names) for place, names in found.items()}


def _blocks(requirements: str) -> Iterator[tuple[str, tuple[list[str], str | None]]]:
    """Yield the name of each pin of uv's, with its hashes and the index that it was found on."""
    joined = re.sub(r"\\\n\s*", " ", requirements)
    for block in re.split(r"\n(?=[A-Za-z0-9])", joined):
        if name := re.match(r"[A-Za-z0-9._-]+", block):
            index = _FROM.search(block)
            yield name[0], (_HASH.findall(block), bare(index[1]) if index else None)


def _tie(
    packages: dict[str, Any], blocks: dict[str, tuple[list[str], str | None]], pins: dict[str, Pin]
) -> None:
    """Write into each package of a pylock which index it came from, and no secret."""
    for name, package in packages.items():
        for file in _files(package):
            file["url"] = bare(str(file["url"]))
        place, index = pins[name].place, blocks[name][1]
        if index is not None:
            files = {key: package.pop(key) for key in ("sdist", "wheels") if key in package}
            package["index"] = place.shown if place is not None and "://" in place.url else index
            for key, value in files.items():
                package[key] = value


def _files(package: Any) -> Iterator[Any]:  # noqa: ANN401  tomlkit's own
    yield from (package[key] for key in ("archive", "sdist") if key in package)
    yield from package.get("wheels", [])


def _line(pin: Pin, block: tuple[list[str], str | None], package: dict[str, Any]) -> str:
    """Return a pin as both installers read it, with every hash that its index has."""
    hashes = block[0]
    wheels = package.get("wheels") or []
    file = wheels[0] if wheels else package.get("archive") or package["sdist"]
    what = f"{pin.name}=={pin.version}"
    digest = f"sha256:{file['hashes']['sha256']}"
    if pin.archive is not None or (pin.place is not None and not _local(str(file["url"]))):
        what, hashes = f"{pin.name} @ {file['url']}", [digest]
    elif pin.place is not None or not hashes:  # what an index of plain links has no hashes of
        hashes = [f"sha256:{item['hashes']['sha256']}" for item in _files(package)]
    return " \\\n".join([what, *(f"    --hash={value}" for value in hashes)])


def _local(url: str) -> bool:
    return url.startswith("file:")


def _above(places: Places, pins: Iterable[Pin], packages: dict[str, Any]) -> list[str]:
    """Return the lines that say where the pins without a URL are found."""
    lines = []
    if places.default is not None and not places.default.flat:
        lines.append(f"--index-url {places.default.shown}")
    tied = [pin.name for pin in pins if pin.place is not None or (places.default or Place("")).flat]
    folders = {
        unquote(urlsplit(str(file["url"])).path.rpartition("/")[0])
        for name in tied
        for file in _files(packages[name])
        if _local(str(file["url"]))
    }
    lines += [f"--find-links {folder}" for folder in sorted(folders)]
    return [*lines, *(["--no-index"] if places.no_index else [])]


def _sources(
    pins: Iterable[Pin], packages: dict[str, Any], lines: dict[str, str]
) -> Iterator[Source]:
    """Yield the pins that have to be built."""
    for pin in pins:
        package = packages[pin.name]
        archive = package.get("archive")
        offer = offer_of(package)
        if archive is not None and not urlsplit(str(archive["url"])).path.endswith(".whl"):
            yield Source(name=pin.name, version=pin.version, requirement=lines[pin.name])
        elif offer is not None and not offer.wheel:
            yield Source(
                name=pin.name,
                version=pin.version,
                requirement=lines[pin.name],
                uploaded=offer.uploaded,
            )


def _bound(document: tomlkit.TOMLDocument, inventory: Inventory) -> str:
    """Tie a pylock to the interpreter that it was traced with (PEP 751).

    Without this a lock that is not universal silently skips distributions on another one.
    """
    version = inventory.markers["python_version"]
    platform = inventory.markers["sys_platform"]
    machine = inventory.markers["platform_machine"]
    document["created-by"] = "pruner"
    document["requires-python"] = f"=={version}.*"
    marker = f"sys_platform == '{platform}' and platform_machine == '{machine}'"
    environments = tomlkit.array()
    environments.append(marker)
    if "environments" in document:
        document["environments"] = environments
    else:
        packages = document.pop("packages", None)
        document["environments"] = environments
        if packages is not None:
            document["packages"] = packages
    return tomlkit.dumps(document)
