"""What is known about conflicts: who stands in for whom, who is built for what, who brings what.

The functions take a user's own rows, which stand first and take the place of ours.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from pruner.rules.reading import Row, Rule, rows

Kind = Literal["builds", "names"]


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One distribution of a family; its name is normalised (PEP 503).

    `has` are names below the import name, dotted where they stand deeper, that this member has
    and not every other one does. `maps` are its libraries, below site-packages, that are mapped
    only where what it alone has really runs. `gpu` says what it is built for; None where that says
    nothing.
    """

    distribution: str
    has: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    gpu: bool | None = None

    def covers(self, used: str) -> bool:
        """Return whether a name below the import name is one of `has`, or stands below one."""
        return any(used == name or used.startswith(f"{name}.") for name in self.has)


class Family(Rule, frozen=True, kw_only=True):
    """A row of families.toml: distributions of which an environment needs only one.

    `kind` says what they are to each other: "builds" of one project, with one API; "names" of
    projects that share an import name and no more, or of which one follows the other. Members stand
    in the order of preference.
    """

    name: str
    imports: tuple[str, ...]
    kind: Kind
    why: str
    members: tuple[Member, ...]

    def telling(self, used: Iterable[str]) -> tuple[str, ...]:
        """Return those of the used names, dotted below the import name, that tell members apart."""
        return tuple(name for name in used if any(row.covers(name) for row in self.members))

    def fitting(self, used: Iterable[str], *, gpu: bool = False) -> tuple[Member, ...]:
        """Return the members that have every name that tells them apart, the preferred one first.

        That is all of them where nothing that is used tells them apart, and none where what is
        used is spread over several. With `gpu`, builds for a GPU go before the others.
        """
        telling = self.telling(used)
        fits = [row for row in self.members if all(row.covers(name) for name in telling)]
        return tuple(sorted(fits, key=lambda row: gpu and row.gpu is not True))


class CudaBuild(Rule, frozen=True, kw_only=True):
    """A row of cuda.toml: what one release is built for; `cuda` is "" for a build without CUDA.

    `version` is public; `local` is "" for the plain index's build, else the local version of
    another index's ("cu121"). `cuda` and `cudnn` are "major.minor", "major" where the minor one
    is not known; `cudnn` is "" for a build that needs none.
    """

    distribution: str
    version: str
    local: str = ""
    cuda: str
    cudnn: str = ""


class Feed(Rule, frozen=True, kw_only=True):
    """A row of cuda.toml: an index of a vendor's that has a release built for another CUDA.

    The version is the plain index's; `what` is how a person finds it.
    """

    distribution: str
    version: str
    cuda: str
    cudnn: str
    what: str


class Soname(Rule, frozen=True, kw_only=True):
    """A row of sonames.toml: who brings a shared library.

    `soname` may be a pattern (fnmatch). `provides` is a distribution on the index and `debian` a
    package of Debian's, "" where there is none; `what` names the whole that it belongs to
    ("CUDA 11"). `driver` is for what the container runtime mounts from the host.
    """

    soname: str
    provides: str = ""
    what: str = ""
    driver: bool = False
    debian: str = ""

    def matches(self, soname: str) -> bool:
        """Return whether a SONAME, or an entry of DT_NEEDED, is one of this row's."""
        return fnmatchcase(soname, self.soname)


class Consequence(Rule, frozen=True, kw_only=True):
    """A row of sonames.toml: what happens where a library cannot be loaded.

    `library` is its file name, or a pattern (fnmatch); `what` is one clause for a person.
    """

    library: str
    what: str

    def matches(self, file: str) -> bool:
        """Return whether the name of a file, without its folders, is one of this row's."""
        return fnmatchcase(file, self.library)


class OptionalLibrary(Rule, frozen=True, kw_only=True):
    """A row of sonames.toml: what a library opens where it is there, and does without.

    `library` is its file name and `opens` are names of others, each perhaps a pattern (fnmatch);
    `what` says what for.
    """

    library: str
    opens: tuple[str, ...]
    what: str


def families(own: Sequence[Family] = ()) -> tuple[Family, ...]:
    """Return the families; a user's own takes the place of ours of the same name."""
    return _joined(own, rows("families", Family), lambda row: row.name)


def cuda_builds(own: Sequence[CudaBuild] = ()) -> tuple[CudaBuild, ...]:
    """Return what releases are built for, one row for distribution, version and local version."""
    ours = rows("cuda", CudaBuild)
    return _joined(own, ours, lambda row: (row.distribution, row.version, row.local))


def feeds() -> tuple[Feed, ...]:
    """Return which releases a vendor's own index has for another CUDA."""
    return rows("cuda", Feed, "feeds")


def sonames(own: Sequence[Soname] = ()) -> tuple[Soname, ...]:
    """Return who brings which library.

    Several distributions may bring the same one, each in a row of its own. A user's rows take the
    place of all of ours for that SONAME.
    """
    return _joined(own, rows("sonames", Soname), lambda row: row.soname)


def consequences() -> tuple[Consequence, ...]:
    """Return what happens where a library cannot be loaded."""
    return rows("sonames", Consequence, "consequences")


def optional_libraries() -> tuple[OptionalLibrary, ...]:
    """Return what libraries open, and do without where it is not there."""
    return rows("sonames", OptionalLibrary, "optional")


def _joined(
    own: Sequence[Row], ours: Sequence[Row], key: Callable[[Row], Hashable]
) -> tuple[Row, ...]:
    taken = {key(row) for row in own}
    return (*own, *(row for row in ours if key(row) not in taken))
