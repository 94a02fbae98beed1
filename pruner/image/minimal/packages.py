"""Which Debian packages the last stage installs: those of which something is used."""

from collections.abc import Collection, Iterable, Mapping

from pruner.document import SystemPackage
from pruner.rules import is_build_tool

_BUILDS = ("-dev", "-dbg", "-dbgsym", "-doc")


def needed(
    packages: Iterable[SystemPackage], named: Collection[str], kept: Collection[str] = ()
) -> tuple[str, ...]:
    """Return what has to be installed by name on top of the base, sorted.

    A package is needed where a file of it was seen in use, or a library that stays asks for one.
    One that has neither programs nor libraries shows no use: it stays where the Dockerfile names
    it, unless all that it does is to bring a compiler, and so does what is in `kept`. What another
    needed one depends on comes with it.
    """
    rows = {row.name: row for row in packages}
    wanted = {
        name
        for name, row in rows.items()
        if not row.base
        and (row.seen or row.linked or (name in named and (_shows_none(row) or name in kept)))
    }
    return tuple(sorted(_roots(wanted, rows)))


def _shows_none(row: SystemPackage) -> bool:
    return row.silent and not is_build_tool(row.name)


def _roots(wanted: Collection[str], rows: Mapping[str, SystemPackage]) -> Collection[str]:
    """Leave out what comes with others; of packages that need each other the first one stays."""
    left = dict.fromkeys(sorted(wanted))
    for name in sorted(wanted):
        rest = [other for other in left if other != name]
        if name in brings(rest, rows):
            del left[name]
    return left


def brings(names: Iterable[str], rows: Mapping[str, SystemPackage]) -> set[str]:
    """Return what comes along with packages, by what they depend on."""
    seen: set[str] = set()
    todo = [need for name in names for need in (rows[name].needs if name in rows else ())]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += rows[name].needs if name in rows else ()
    return seen


def builds(name: str) -> bool:
    """Return whether a package is there to build with, by its name."""
    return name.endswith(_BUILDS)
