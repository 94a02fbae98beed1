"""What is known of conflicts, from `pruner/rules` and the user's own rows, as analysis takes it."""

from typing import NamedTuple

from pruner.analysis.cuda import Build, Feed
from pruner.analysis.rivals import Family, Member
from pruner.analysis.unmet import Consequence, Known
from pruner.config import Rules
from pruner.rules import consequences, cuda_builds, families, feeds, sonames

STDLIB = "stdlib"
"""The kind of families of which none is needed: nobody's rivals but the standard library's."""


class Knowledge(NamedTuple):
    """Rows of rules: who stands in for whom, what is built for what, who brings which library."""

    families: tuple[Family, ...] = ()
    builds: tuple[Build, ...] = ()
    feeds: tuple[Feed, ...] = ()
    libraries: tuple[Known, ...] = ()
    consequences: tuple[Consequence, ...] = ()


def knowledge(own: Rules) -> Knowledge:
    """Return what is known; the user's own rows take the place of ours."""
    return Knowledge(
        families=tuple(
            Family(
                name=row.name,
                kind=row.kind,
                imports=row.imports,
                members=tuple(
                    Member(distribution=each.distribution, has=each.has, gpu=each.gpu)
                    for each in row.members
                ),
                why=row.why,
            )
            for row in families(own.families)
            if row.kind != STDLIB
        ),
        builds=tuple(
            Build(
                distribution=row.distribution,
                version=row.version,
                local=row.local,
                cuda=row.cuda,
                cudnn=row.cudnn,
            )
            for row in cuda_builds(own.cuda)
        ),
        feeds=tuple(
            Feed(
                build=Build(
                    distribution=row.distribution,
                    version=row.version,
                    cuda=row.cuda,
                    cudnn=row.cudnn,
                ),
                what=row.what,
            )
            for row in feeds()
        ),
        libraries=tuple(
            Known(
                soname=row.soname,
                provides=row.provides,
                what=row.what,
                driver=row.driver,
                debian=row.debian,
            )
            for row in sonames(own.sonames)
        ),
        consequences=tuple(
            Consequence(library=row.library, what=row.what) for row in consequences()
        ),
    )
