"""The base of the new image: the original's, or a slim Python where nothing needs its CUDA."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from pruner.config import Rules
from pruner.document import Document, SystemPackage
from pruner.image.bases import has_cuda
from pruner.image.minimal.packages import brings, needed
from pruner.rules import Base, Soname, base_tag, slim_packages, sonames

SUITES = ("bookworm", "trixie")
_CUDA = re.compile(
    r"cuda|cudnn|nccl|tensorrt|nvinfer|nvonnxparser|^lib(cu(blas|fft|rand|solver|sparse)|npp|nvjpeg"
    r"|nvrtc|nvjitlink|nvtx)"
)
# pip and what it stands on are the base's, or pins of the lock where code needs them; setuptools
# is opened at every start, by its .pth file.
_PYTHON = re.compile(
    r"(lib)?python3(\.\d+)?"
    r"(-(minimal|stdlib|distutils|lib2to3|venv|pip|wheel|setuptools|pkg-resources))?\Z"
)
_DISTRIBUTION = re.compile(r"python3-")


_NO_RULES = Rules()


class Moved(NamedTuple):
    """A base that takes the place of the original's, and the packages to install on it."""

    base: str
    packages: tuple[str, ...]


def slimmer(
    base: str,
    document: Document,
    named: Collection[str],
    kept: Collection[str],
    argv: Sequence[str],
    own: Rules = _NO_RULES,
) -> Moved | str:
    """Return the slim Python that does as well as a CUDA base, or why there is none.

    `named` are the packages that the Dockerfile installs, `kept` the programs that its commands
    run, `argv` how the image starts, `own` a user's rows. The reason is "" where the base has no
    CUDA, or where nobody has looked at the image.
    """
    if not has_cuda(base) or not document.packages:
        return ""
    rows = {row.name: row for row in document.packages}
    used = [row for row in document.packages if row.seen or row.linked]
    cuda = [row for row in used if row.base and _CUDA.search(row.name)]
    if cuda:
        return f"{cuda[0].name} of it is used: {(*cuda[0].seen, *cuda[0].linked)[0]}"
    debian = [row.name for row in used if _DISTRIBUTION.match(row.name)]
    debian = [name for name in debian if not _PYTHON.fullmatch(name)]
    if debian:
        return f"{debian[0]} is used, a distribution of the system's Python"
    if any(word.startswith("/usr/bin/python") for word in argv):
        return f"{argv[0]} is started, the system's Python"
    candidate = _candidate(base, document.python, own.bases)
    if candidate is None:
        return "no slim Python of that version, with a C library as new, is known"
    there = slim_packages(candidate)
    wanted = [row for row in used if row.name not in there and not _PYTHON.fullmatch(row.name)]
    carriers = {name for name in needed(rows.values(), named, kept) if not _is_python(name)}
    if _same_system(base, candidate, own.bases):
        return Moved(candidate, tuple(sorted({*carriers, *_missing(wanted, rows, carriers)})))
    carriers = {_carrier(name, named, rows) for name in carriers}
    others = {*_missing(wanted, rows, carriers), *(carriers - set(named))}
    libraries = sonames(own.sonames)
    known = {name: _as_debian_has_it(rows[name], libraries) for name in sorted(others)}
    lost = [name for name, names in known.items() if not names]
    if lost:
        return f"{lost[0]} is used, and another system may call it otherwise"
    found = {name for names in known.values() for name in names if name not in there}
    return Moved(candidate, tuple(sorted(found | (carriers & set(named)))))


def _as_debian_has_it(row: SystemPackage, libraries: Sequence[Soname]) -> frozenset[str]:
    """Return the packages of Debian's with the libraries of this one that are used.

    Nothing where that is not known of one of them: a program, a library whose SONAME has moved on.
    """
    found = [_bringers(PurePosixPath(path).name, libraries) for path in (*row.seen, *row.linked)]
    return frozenset(name for names in found for name in names) if all(found) else frozenset()


def _bringers(file: str, libraries: Sequence[Soname]) -> frozenset[str]:
    """Return the packages of Debian's with a library, whose file may have more than its SONAME."""
    while ".so." in file:
        found = frozenset(row.debian for row in libraries if row.debian and row.matches(file))
        if found:
            return found
        file = file.rpartition(".")[0]
    return frozenset()


def _is_python(name: str) -> bool:
    return _PYTHON.fullmatch(name) is not None or _DISTRIBUTION.match(name) is not None


def _carrier(name: str, named: Collection[str], rows: Mapping[str, SystemPackage]) -> str:
    """Return what the Dockerfile names to have a package: names of libraries differ by system."""
    if name in named:
        return name
    return next((each for each in sorted(named) if name in brings([each], rows)), name)


def _missing(
    wanted: Iterable[SystemPackage], rows: Mapping[str, SystemPackage], carriers: Collection[str]
) -> list[str]:
    """Return what is wanted, and comes with none of the packages that are installed by name."""
    come = {*carriers, *brings(carriers, rows)}
    return sorted(row.name for row in wanted if row.name not in come)


def _candidate(base: str, python: str, own: Sequence[Base]) -> str | None:
    minor = ".".join(python.split(".")[:2])
    old = base_tag(base, own).brings.glibc
    for suite in SUITES:
        known = base_tag(f"python:{minor}-slim-{suite}", own)
        if known.verdict == "listed" and _number(known.brings.glibc) >= _number(old):
            return known.image
    return None


def _same_system(base: str, other: str, own: Sequence[Base]) -> bool:
    one, two = (base_tag(name, own).brings.distribution for name in (base, other))
    return one == two != ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
