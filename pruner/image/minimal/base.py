"""The base of the new image: the original's, or a slim Python where nothing needs its CUDA."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from pruner.image.bases import has_cuda
from pruner.image.minimal.packages import brings, needed
from pruner.model import Document, SystemPackage
from pruner.rules import Base, base_tag, slim_packages

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


# What every Debian and every Ubuntu has under the same name: their SONAMEs have not moved since.
_SAME = re.compile(
    r"lib(x11|xext|sm|ice|xi|xtst|xau)-?6|lib(xrender|xcb)1|libxrandr2|libxfixes3|libxdmcp6"
    r"|lib(gl|egl|glx0|opengl)\d?|libgomp1|libatomic1|libuuid1|libexpat1|libstdc\+\+6|libgcc-s1|zlib1g"
)


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
    own: Sequence[Base] = (),
) -> Moved | str:
    """Return the slim Python that does as well as a CUDA base, or why there is none.

    `named` are the packages that the Dockerfile installs, `kept` the programs that its commands
    run, `argv` how the image starts, `own` a user's rows on bases. The reason is "" where the base
    has no CUDA, or where nobody has looked at the image.
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
    candidate = _candidate(base, document.python, own)
    if candidate is None:
        return "no slim Python of that version, with a C library as new, is known"
    there = slim_packages(candidate)
    wanted = [row for row in used if row.name not in there and not _PYTHON.fullmatch(row.name)]
    carriers = {name for name in needed(rows.values(), named, kept) if not _is_python(name)}
    if not _same_system(base, candidate, own):
        carriers = {_carrier(name, named, rows) for name in carriers}
        named_elsewhere = {*_missing(wanted, rows, carriers), *(carriers - set(named))}
        lost = sorted(name for name in named_elsewhere if not _SAME.fullmatch(name))
        if lost:
            return f"{lost[0]} is used, and another system may call it otherwise"
    missing = _missing(wanted, rows, carriers)
    return Moved(candidate, tuple(sorted({*carriers, *missing})))


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
