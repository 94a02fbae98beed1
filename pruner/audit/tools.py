"""What a build needs and a running image does not: compilers, headers, and the single stage."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from pruner.audit.costs import cost
from pruner.audit.found import found, listed
from pruner.audit.packages import Package, removed, staying
from pruner.audit.seen import used_packages
from pruner.audit.values import Facts, Source
from pruner.model import Finding
from pruner.rules import is_build_tool, large_bases

_HEADERS = re.compile(r".+-(dev|devel)(-\d[\d.-]*)?")


def has_headers(name: str) -> bool:
    """Return whether a system package has what a compiler reads."""
    return _HEADERS.fullmatch(name) is not None


def for_building(facts: Facts) -> tuple[Package, ...]:
    """Return the packages of the final image that nothing but a build needs."""
    used = used_packages(facts)
    return tuple(
        package
        for package in (staying(facts.source) if facts.source else ())
        if package.name not in used and (is_build_tool(package.name) or has_headers(package.name))
    )


def tools(facts: Facts) -> Iterator[Finding]:
    """Yield build tools and headers that stay, and that one stage has them all."""
    if facts.source is None:
        return
    source, packages = facts.source, for_building(facts)
    for code, kind, fits in (
        ("PRN206", "build tools", is_build_tool),
        ("PRN207", "headers", has_headers),
    ):
        chosen = [package for package in packages if fits(package.name)]
        for _, group in groupby(chosen, key=lambda package: package.step):
            yield _stay(facts, source, code, kind, list(group))
    if len(source.dockerfile.stages) == 1 and packages:
        yield found(
            "PRN208",
            source.where(source.dockerfile.stages[0].line),
            "one stage builds and runs, so what only builds stays:"
            f" {listed([row.name for row in packages])}",
        )
    yield from _too_late(source, packages)


def large_base(facts: Facts) -> Iterator[Finding]:
    """Yield that the base of the image is one for building."""
    if facts.source is None:
        return
    base = facts.source.dockerfile.base
    name = base.lower().partition("@")[0]
    row = next((row for row in large_bases() if re.search(row.match, name)), None)
    if row is not None:
        stage = facts.source.dockerfile.stages[facts.source.chain[0]]
        yield found(
            "PRN225",
            facts.source.where(stage.line),
            f"{base} has {row.what}",
            fix=f"build on {row.instead}",
        )


def _stay(facts: Facts, source: Source, code: str, kind: str, group: Sequence[Package]) -> Finding:
    names = [package.name for package in group]
    return found(
        code,
        source.where(group[0].line),
        f"{kind} in the image: {listed(names)}",
        size_bytes=cost(facts, names),
    )


def _too_late(source: Source, packages: Sequence[Package]) -> Iterator[Finding]:
    """Yield removals that a layer of their own makes too late."""
    for step in source.of("RUN"):
        earlier = {row.name for row in packages if row.step < step.line}
        if names := sorted(earlier & removed(step)):
            yield found(
                "PRN211",
                source.where(step.line),
                f"removes {listed(names)}, whose bytes stay in the layer that installed them",
                fix="remove it in the RUN that installs it, or install it in a builder stage",
            )
