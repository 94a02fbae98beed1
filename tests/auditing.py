"""Facts of an image as an audit sees them, made from texts."""

from collections.abc import Mapping

from pruner.audit.every import audited
from pruner.audit.reading import read_source
from pruner.audit.values import Built, Context, Facts, ImageAudit
from pruner.document import Document, SystemPackage
from pruner.model import Finding, Verdict
from pruner.requirements import Requirements
from pruner.requirements.values import Requirement

FILE = "Dockerfile"
QUIET = "USER app\n"
"""So that a test is about one thing."""


def facts(
    text: str,
    *,
    files: Mapping[str, int] | None = None,
    gpu: bool = False,
    build_args: Mapping[str, str] | None = None,
    built: Built | None = None,
    **known: Requirements | Document | None,
) -> Facts:
    """Return what is known of an image with this Dockerfile; `files` are its context."""
    return Facts(
        image="web",
        gpu=gpu,
        source=read_source(text, FILE, build_args or {}),
        context=Context(files=dict(files)) if files is not None else None,
        built=built,
        requirements=known.get("requirements"),  # type: ignore[arg-type]
        document=known.get("document"),  # type: ignore[arg-type]
    )


def audit_of(given: Facts, *, trees: tuple[str, ...] = ()) -> ImageAudit:
    """Return the audit of these facts."""
    return audited(given, (), (), {}, trees)


def of(given: Facts, code: str, *, trees: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings of one code."""
    return [row for row in audit_of(given, trees=trees).findings if row.code == code]


def at(given: Facts, code: str) -> list[str]:
    """Return the places of one code's findings, without the file."""
    return [row.where.removeprefix(f"{FILE}:") for row in of(given, code)]


def requirements(*lines: str, file: str = "requirements.txt") -> Requirements:
    """Return requirement lines: "torch==2.2.2", "flask"."""
    rows = []
    for number, line in enumerate(lines, 1):
        name, equals, version = line.partition("==")
        base, _, extras = name.partition("[")
        rows.append(
            Requirement(
                name=base,
                specifier=f"=={version}" if equals else "",
                extras=tuple(extras.rstrip("]").split(",")) if extras else (),
                file=file,
                line=number,
            )
        )
    return Requirements(requirements=tuple(rows), files=(file,))


def verdict(
    name: str, *, keep: bool = True, version: str = "1", size: int = 10, needs: tuple[str, ...] = ()
) -> Verdict:
    """Return a verdict."""
    return Verdict(
        name=name,
        version=version,
        verdict="keep" if keep else "drop",
        level="observed" if keep else "unused",
        size_bytes=size,
        why="loaded" if keep else "nothing needs it",
        needs=needs,
    )


def document(*verdicts: Verdict, packages: tuple[SystemPackage, ...] = ()) -> Document:
    """Return a committed document."""
    return Document(
        schema=1,
        image="web",
        runtime="docker",
        policy="minimal",
        python="3.11.2",
        distributions=verdicts,
        packages=packages,
    )


def package(
    name: str, *, seen: tuple[str, ...] = (), silent: bool = False, base: bool = False
) -> SystemPackage:
    """Return a Debian package of 1000 bytes."""
    return SystemPackage(
        name=name, version="1-1", size_bytes=1000, base=base, seen=seen, silent=silent
    )
