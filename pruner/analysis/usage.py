"""What else an agent used: package data, metadata, scripts of distributions, hosts.

Reading a distribution's metadata proves that it is needed, since without it
`importlib.metadata.version("x")` raises. A line that copes with that only asks whether it is there,
as libraries do of all that they could work with. A sweep proves nothing either: code that asks for
all entry points, or for all distributions, reads the metadata of whatever there is and copes with
less.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from ipaddress import ip_address
from operator import itemgetter

from pruner.analysis.attribution import Ownership
from pruner.model import Host, Loaded, Proof, Trace

MOST_PROOFS = 5
"""Proofs kept for one distribution: enough to be convinced."""

SWEEP = 8
"""One line that reads the same file of more distributions than this, and of half, is a sweep."""

SMALL_SWEEP = 4
"""One line that reads the same file of all distributions is a sweep where there are so many."""

ENTRY_POINTS = "entry_points.txt"
"""Never evidence by itself: looking for plugins reads everyone's, and what it finds it imports."""


def used_data(
    traces: Iterable[Trace], ownership: Ownership, installed: int, probes: Collection[str] = ()
) -> dict[str, tuple[Proof, ...]]:
    """Return the distributions whose data or metadata was read, or of which a script was run.

    `installed` is how many distributions there are: see `sweeps`. Proofs are of the kinds "data",
    "metadata" and "script"; those that the distribution gave itself come last. What the lines in
    `probes` read of metadata is left out: see `probed`.
    """
    return _by_owner(traces, ownership, installed, lambda proof: not _is_of(proof, probes))


def probed(
    traces: Iterable[Trace], ownership: Ownership, installed: int, probes: Collection[str]
) -> dict[str, tuple[Proof, ...]]:
    """Return the distributions whose metadata was read by lines that cope where there is none."""
    return _by_owner(traces, ownership, installed, lambda proof: _is_of(proof, probes))


def metadata_lines(traces: Iterable[Trace]) -> frozenset[str]:
    """Return the lines, "path:line" as traces have them, that have read metadata."""
    return frozenset(
        item.by for trace in traces for item in trace.opened if item.kind == "metadata" and item.by
    )


def _is_of(proof: Proof, probes: Collection[str]) -> bool:
    return proof.kind == "metadata" and proof.by in probes


def _by_owner(
    traces: Iterable[Trace], ownership: Ownership, installed: int, fits: Callable[[Proof], bool]
) -> dict[str, tuple[Proof, ...]]:
    found: dict[str, list[tuple[bool, Proof]]] = defaultdict(list)
    for trace in traces:
        for file, proof in _proofs(trace, installed):
            if not fits(proof):
                continue
            askers = ownership.of_file(proof.by.rpartition(":")[0]) if proof.by else ()
            for key in ownership.of_file(file):
                what = proof.what if proof.kind == "script" else ownership.below_site(file)
                found[key].append((key in askers, _renamed(proof, what)))
    return {
        key: tuple(proof for _, proof in sorted(rows, key=itemgetter(0))[:MOST_PROOFS])
        for key, rows in found.items()
    }


def sweeps(opened: Iterable[Loaded], installed: int) -> frozenset[tuple[str | None, str]]:
    """Return (by, file name) of every line that read files of too many distributions.

    Whoever asks each what it brings reads top_level.txt of one and RECORD of another, so the files
    count together; but entry_points.txt, which says less, counts by itself. Too many is more than
    half of those that are installed, and more than SWEEP; or all of them, and at least SMALL_SWEEP.
    """
    groups: dict[tuple[str | None, bool], set[str]] = defaultdict(set)
    read: set[tuple[str | None, str]] = set()
    for item in opened:
        if item.kind == "metadata":
            read.add((item.by, item.what))
            groups[item.by, item.what == ENTRY_POINTS].add(_folder(item.file))
    most = max(SWEEP, installed / 2)
    every = max(SMALL_SWEEP, installed)
    swept = {
        group for group, folders in groups.items() if len(folders) > most or len(folders) >= every
    }
    return frozenset((by, what) for by, what in read if (by, what == ENTRY_POINTS) in swept)


def phoned(
    traces: Iterable[Trace], services: Collection[str] = ()
) -> tuple[tuple[str, str | None, str], ...]:
    """Return (host, by, agent) of hosts outside that were tried, sorted; host as "host:port".

    A name that was only looked up has no port. An address that the same line looked up a name for
    is told by the name. Left out are the loopback, the names of `services`, and private addresses
    where there are services: they have a network of their own.
    """
    found = {
        (host, by, trace.agent)
        for trace in traces
        for host, by in _tried(trace.hosts, frozenset(services))
    }
    return tuple(sorted(found, key=lambda row: (row[2], row[0], row[1] or "")))


def _proofs(trace: Trace, installed: int) -> Iterator[tuple[str, Proof]]:
    """Yield each file that was used, sweeps left out, and what its use proves."""
    swept = sweeps(trace.opened, installed)
    for item in trace.opened:
        if item.kind == "metadata" and (item.by, item.what) in swept:
            continue
        if item.kind != "metadata" or item.what != ENTRY_POINTS:
            yield item.file, Proof(kind=item.kind, what=item.what, by=item.by, agent=trace.agent)
    for program in trace.programs:
        name = program.what.rpartition("/")[2]
        yield program.what, Proof(kind="script", what=name, by=program.by, agent=trace.agent)


def _renamed(proof: Proof, what: str) -> Proof:
    return Proof(kind=proof.kind, what=what, by=proof.by, agent=proof.agent)


def _folder(file: str) -> str:
    """Return the metadata folder that a file of it lies in: "/site/a-1.dist-info"."""
    parts = file.split("/")
    ends = (at for at, part in enumerate(parts) if part.endswith((".dist-info", ".egg-info")))
    return "/".join(parts[: next(ends, len(parts)) + 1])


def _tried(hosts: Iterable[Host], services: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """Yield what one agent tried, and who."""
    names: dict[str | None, set[str]] = defaultdict(set)
    ports: dict[str | None, set[int]] = defaultdict(set)
    for host in hosts:
        if _is_inside(host.name, services):
            continue
        if not _is_address(host.name):
            names[host.by].add(host.name)
        elif host.port is not None:
            ports[host.by].add(host.port)
    for host in hosts:
        address = _is_address(host.name)
        told_by_name = address and host.by is not None and bool(names[host.by])
        only_parsed = address and host.port is None
        if told_by_name or only_parsed or _is_inside(host.name, services):
            continue
        alone = host.by is not None and len(names[host.by]) == 1
        known = sorted(ports[host.by]) if alone and host.port is None else ()
        for port in known or (host.port,):
            yield _spelled(host.name, port), host.by


def _spelled(name: str, port: int | None) -> str:
    if port is None:
        return name
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_inside(name: str, services: frozenset[str]) -> bool:
    """Tell whether a host is this one, or one of the services beside it."""
    if not _is_address(name):
        lower = name.lower().rstrip(".")
        local = lower in {"localhost", "ip6-localhost", ""} or lower.endswith(".localhost")
        return local or name in services
    address = ip_address(name.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_loopback or address.is_unspecified:
        return True
    return bool(services) and address.is_private
