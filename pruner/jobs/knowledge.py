"""What is known of conflicts, from `pruner/rules` and the user's own rows, as analysis takes it."""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import msgspec

from pruner.analysis.cuda import Build, Feed
from pruner.analysis.packages import OptionalLibrary
from pruner.analysis.rivals import Family
from pruner.analysis.unmet import Consequence, Known
from pruner.config import Rules
from pruner.rules import (
    consequences,
    cuda_builds,
    families,
    feeds,
    optional_libraries,
    sonames,
)

T = TypeVar("T")


class Knowledge(NamedTuple):
    """Rows of rules: who stands in for whom, what is built for what, who brings which library."""

    families: tuple[Family, ...] = ()
    builds: tuple[Build, ...] = ()
    feeds: tuple[Feed, ...] = ()
    libraries: tuple[Known, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    optional: tuple[OptionalLibrary, ...] = ()


def knowledge(own: Rules) -> Knowledge:
    """Return what is known; the user's own rows take the place of ours."""
    return Knowledge(
        families=_as(Family, families(own.families)),
        builds=_as(Build, cuda_builds(own.cuda)),
        feeds=tuple(
            Feed(build=build, what=row.what)
            for build, row in zip(_as(Build, feeds()), feeds(), strict=True)
        ),
        libraries=_as(Known, sonames(own.sonames)),
        consequences=_as(Consequence, consequences()),
        optional=_as(OptionalLibrary, optional_libraries()),
    )


def _as(kind: type[T], rows: Iterable[object]) -> tuple[T, ...]:
    """Return rows as values of analysis, which have fields of the same names."""
    return msgspec.convert(list(rows), tuple[kind, ...], from_attributes=True)  # type: ignore[valid-type]
