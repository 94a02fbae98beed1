"""The user's own rules: rows of rules/*.toml, as they stand in pruner.toml."""

import datetime as dt
from typing import get_args

from packaging.version import Version

from pruner.config import checks, rule_checks
from pruner.config.mistakes import Mistake
from pruner.config.table import Table
from pruner.model import normalise
from pruner.rules import Kind

KINDS: tuple[str, ...] = get_args(Kind)
FEWEST = 2
"""Members of a family."""


class RuleTable(Table, frozen=True, kw_only=True):
    """Where a row was read, and when; pruner's own rows must say it."""

    source: str | None = None
    date: dt.date | None = None


class MemberTable(Table, frozen=True, kw_only=True):
    """One distribution of a family."""

    distribution: str
    has: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    gpu: bool | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        rule_checks.distribution(self.distribution, "distribution")
        for index, name in enumerate(self.has):
            rule_checks.dotted_name(name, "has", index)
        for index, path in enumerate(self.maps):
            rule_checks.library(path, "maps", index)


class FamilyTable(RuleTable, frozen=True, kw_only=True):
    """Distributions of which an environment needs only one."""

    name: str
    imports: tuple[str, ...]
    kind: str
    why: str
    members: tuple[MemberTable, ...]

    def __post_init__(self) -> None:
        """Check every value, and the members against each other."""
        checks.text(self.name, "name")
        checks.text(self.why, "why")
        checks.choice(self.kind, KINDS, "kind")
        if not self.imports:
            raise Mistake("names nothing", "imports", hint='such as imports = ["cv2"]')
        for index, name in enumerate(self.imports):
            rule_checks.dotted_name(name, "imports", index)
        self._check_members()

    def _check_members(self) -> None:
        if len(self.members) < FEWEST:
            hint = f"a family has at least {FEWEST}"
            raise Mistake(f"are only {len(self.members)}", "members", hint=hint)
        rule_checks.distinct([normalise(row.distribution) for row in self.members], "members")


class CudaTable(RuleTable, frozen=True, kw_only=True):
    """What one release is built for."""

    distribution: str
    version: str
    local: str = ""
    cuda: str
    cudnn: str = ""

    def __post_init__(self) -> None:
        """Check every value."""
        rule_checks.distribution(self.distribution, "distribution")
        rule_checks.public_version(self.version, "version")
        rule_checks.local_version(self.local, "local")
        rule_checks.short_version(self.cuda, "cuda")
        rule_checks.short_version(self.cudnn, "cudnn")
        if self.cudnn and not self.cuda:
            raise Mistake("means nothing without cuda", "cudnn", hint="remove cudnn")

    @property
    def release(self) -> str:
        """The release that the row is about, as pip spells it."""
        local = f"+{self.local}" if self.local else ""
        return f"{normalise(self.distribution)}=={Version(self.version)}{local}"


class SonameTable(RuleTable, frozen=True, kw_only=True):
    """Who brings a shared library."""

    soname: str
    provides: str = ""
    what: str = ""
    driver: bool = False
    debian: str = ""

    def __post_init__(self) -> None:
        """Check every value, and that the row says something."""
        rule_checks.soname(self.soname, "soname")
        if self.provides:
            rule_checks.distribution(self.provides, "provides")
        if self.debian:
            rule_checks.debian(self.debian, "debian")
        if not (self.provides or self.debian or self.driver):
            hint = "say who brings it"
            raise Mistake("one of these is missing: provides, debian, driver", hint=hint)


class BaseTable(RuleTable, frozen=True, kw_only=True):
    """Tags of a base image that exist, and what they bring."""

    repositories: tuple[str, ...]
    tags: tuple[str, ...] = ()
    complete: str = ""
    python: str = ""
    distribution: str = ""
    glibc: str = ""
    cuda: str = ""
    cudnn: str = ""

    def __post_init__(self) -> None:
        """Check every value, and that the row says something."""
        if not self.repositories:
            raise Mistake("names nothing", "repositories", hint='such as repositories = ["python"]')
        for index, name in enumerate(self.repositories):
            rule_checks.repository(name, "repositories", index)
        for index, words in enumerate(self.tags):
            rule_checks.tags(words, "tags", index)
        rule_checks.pattern(self.complete, "complete")
        if not (self.tags or self.complete):
            raise Mistake("is missing", "tags", hint='such as tags = ["3.{10,11}-slim"]')
        self._check_contents()

    def _check_contents(self) -> None:
        if self.python:
            rule_checks.python_line(self.python, "python")
        rule_checks.system(self.distribution, "distribution")
        for key in ("glibc", "cuda", "cudnn"):
            rule_checks.short_version(getattr(self, key), key)


class RulesTable(Table, frozen=True, kw_only=True):
    """The user's own rows; each takes the place of pruner's row for the same thing."""

    families: tuple[FamilyTable, ...] = ()
    cuda: tuple[CudaTable, ...] = ()
    sonames: tuple[SonameTable, ...] = ()
    bases: tuple[BaseTable, ...] = ()

    def __post_init__(self) -> None:
        """Check that no two rows are about the same thing."""
        rule_checks.distinct([row.name for row in self.families], "families")
        rule_checks.distinct([row.release for row in self.cuda], "cuda")
        rule_checks.distinct(
            [f"{row.soname} {row.provides}".strip() for row in self.sonames], "sonames"
        )
        rule_checks.distinct(
            [" ".join((*row.repositories, *row.tags, row.complete)).strip() for row in self.bases],
            "bases",
        )
