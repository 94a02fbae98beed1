"""What requirement files say, as frozen values."""

from packaging.specifiers import SpecifierSet

from pruner.model import Value, normalise


class Indexes(Value, frozen=True, kw_only=True):
    """Where the distributions come from; empty means that the files do not say.

    Variables are replaced, so URLs may hold secrets; folders are absolute.
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    pre: bool = False


class Requirement(Value, frozen=True, kw_only=True):
    """One line that names a distribution of an index."""

    name: str  # as written
    specifier: str = ""  # "==1.0", ">=1,<2"
    extras: tuple[str, ...] = ()
    marker: str | None = None
    hashes: tuple[str, ...] = ()  # "sha256:…"
    file: str
    line: int  # 1-based; the first of a continued line
    own: Indexes | None = None  # options of an index that stand, wrongly, on its line

    @property
    def key(self) -> str:
        """The normalised name."""
        return normalise(self.name)

    @property
    def pin(self) -> str | None:
        """The version of a plain `==` or `===`, else None."""
        specifiers = list(SpecifierSet(self.specifier))
        if len(specifiers) != 1 or specifiers[0].operator not in {"==", "==="}:
            return None
        version = specifiers[0].version
        return None if version.endswith(".*") else version

    @property
    def text(self) -> str:
        """The requirement as PEP 508 writes it, without hashes."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{self.specifier}{marker}"


class Direct(Value, frozen=True, kw_only=True):
    """One line that names an archive, a tree or a repository instead of an index's distribution."""

    text: str
    name: str | None  # None: only its metadata would say
    url: str | None
    editable: bool
    file: str
    line: int


class Misplaced(Value, frozen=True, kw_only=True):
    """Options of an index on the line of a requirement, where no installer takes them."""

    file: str
    line: int
    requirement: str  # what is left of the line
    options: tuple[str, ...]  # "--extra-index-url https://…", as written

    @property
    def corrected(self) -> str:
        """The lines that say it as installers read it."""
        return "\n".join((*self.options, self.requirement))


class Requirements(Value, frozen=True, kw_only=True):
    """Everything that some requirement files ask for, in the order of their lines."""

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    direct: tuple[Direct, ...] = ()
    indexes: Indexes = Indexes()
    misplaced: tuple[Misplaced, ...] = ()
    variables: tuple[str, ...] = ()  # names of those that are set and that options ask for
    files: tuple[str, ...] = ()  # every file that was read, nested ones included
