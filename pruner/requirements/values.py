"""What requirement files say, as frozen values."""

from packaging.specifiers import SpecifierSet

from pruner.model import Value, normalise


class Requirement(Value, frozen=True, kw_only=True):
    """One line that names a distribution of an index."""

    name: str  # as written
    specifier: str = ""  # "==1.0", ">=1,<2"
    extras: tuple[str, ...] = ()
    marker: str | None = None
    hashes: tuple[str, ...] = ()  # "sha256:…"
    file: str
    line: int  # 1-based; the first of a continued line

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


class Indexes(Value, frozen=True, kw_only=True):
    """Where the distributions come from; empty means that the files do not say."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    pre: bool = False


class Requirements(Value, frozen=True, kw_only=True):
    """Everything that some requirement files ask for, in the order of their lines."""

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    direct: tuple[Direct, ...] = ()
    indexes: Indexes = Indexes()
    files: tuple[str, ...] = ()  # every file that was read, nested ones included
