"""The rows against the index: what they name is there, and is what they say.

Only what is needed is loaded: the directory of a wheel, and single members of it.
"""

import ast
import email
import io
import re
import tempfile
import warnings
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pruner.model import normalise
from pruner.rules import CudaBuild, Family, cuda_builds, families, optional_libraries, sonames
from pruner.sandbox import uv
from wheels import LARGE_CHUNK, Release, at_once, files, releases, remote_wheel

pytestmark = pytest.mark.timeout(240)

PYTHON = "3.11"
OTHER_PYTHONS = {
    "onnxruntime-azure": "3.10",
    "onnxruntime-rocm": "3.12",
    "onnxruntime-training": "3.10",
    "onnxruntime-training-cpu": "3.10",
    "tensorflow-gpu": "3.10",
}
"""The Pythons of distributions that have no wheel for PYTHON."""
LAST = {"tensorflow-gpu": "2.11.0"}
"""The last release of distributions whose newest one is an empty shell."""
CODE = (".py", ".so", ".pyd")
LARGEST_SOURCE = 1024**2
"""Bytes; source releases that are larger are not loaded to look at their files."""


@cache
def newest() -> dict[str, Release]:
    """Return what the index has of every distribution that any row names."""
    names = {member.distribution for row in families() for member in row.members}
    names |= {row.provides for row in sonames() if row.provides}
    names |= {row.distribution for row in cuda_builds()}
    found: dict[str, Release] = {}
    for python in sorted({PYTHON, *OTHER_PYTHONS.values()}):
        wanted = sorted(name for name in names if OTHER_PYTHONS.get(name, PYTHON) == python)
        pinned = [f"{name}=={LAST[name]}" if name in LAST else name for name in wanted]
        found |= {row.name: row for row in releases(pinned, python=python, unbuilt=True)}
    assert set(found) == names
    return found


def test_every_distribution_is_on_the_index() -> None:
    assert len(newest()) > 150


# --- families --------------------------------------------------------------------------------


def test_the_members_of_a_family_share_its_import_names() -> None:
    wanted = [
        (member.distribution, name)
        for row in families()
        for member in row.members
        for name in row.imports
    ]
    members = sorted({distribution for distribution, _ in wanted})
    known = dict(zip(members, at_once(_files, members), strict=True))
    unseen = {dist for dist, _ in wanted if not known[dist]}
    assert unseen == {"cupy", "dlib", "mysql-connector-python-rf", "pillow-simd"}
    missing = [
        (dist, name)
        for dist, name in wanted
        if dist not in unseen and not _offers(known[dist], name)
    ]
    assert missing == []


def test_libraries_that_tell_members_apart_are_theirs_alone() -> None:
    found = {}
    for family in families():
        wanted = {path for row in family.members for path in row.maps}
        for row in family.members if wanted else ():
            found[row.distribution] = wanted & _files(row.distribution) == {*row.maps}
    assert len(found) > 1
    assert [name for name, is_so in found.items() if not is_so] == []


def _files(distribution: str) -> set[str]:
    release = newest()[distribution]
    python = OTHER_PYTHONS.get(release.name, PYTHON)
    if not release.wheels and release.sdist["size"] > LARGEST_SOURCE:
        return set()
    return files(release, python)


def _offers(paths: set[str], name: str) -> bool:
    path = name.replace(".", "/")
    return any(each.startswith((f"{path}/", f"{path}.")) and each.endswith(CODE) for each in paths)


SOME = ["attr", "discord", "docx", "jwt", "serial", "slugify", "websocket", "whisper"]


@pytest.mark.parametrize("name", SOME)
def test_members_have_the_names_that_are_said_to_tell_them_apart(name: str) -> None:
    family = _named(name)
    checked = 0
    for member in family.members:
        release = newest()[member.distribution]
        url = release.wheel(PYTHON)
        if url is None:
            continue
        own = _words(url, name)
        assert set(member.has) <= own, member.distribution
        for other in family.members:
            others = set(other.has) - set(member.has)
            defined = _defined(url, name)
            assert others & defined == set(), (member.distribution, other.distribution)
        checked += bool(member.has)
    assert checked or name in {"whisper", "docx"}


def _named(name: str) -> Family:
    return next(row for row in families() if row.name == name)


def _modules(url: str, name: str) -> dict[str, bytes]:
    """Return the topmost module of an import name, and those up to two levels below it."""
    with remote_wheel(url) as archive:
        pattern = re.compile(rf"{name}(\.py|(/\w+){{1,2}}\.py)")
        return {path: archive.read(path) for path in archive.namelist() if pattern.fullmatch(path)}


def _words(url: str, name: str) -> set[str]:
    modules = _modules(url, name)
    words = {path.removesuffix("/__init__.py").rpartition("/")[2] for path in modules}
    words = {word.removesuffix(".py") for word in words}
    for text in modules.values():
        words |= set(re.findall(r"[A-Za-z]\w*", text.decode("utf-8", "replace")))
    return words


def _defined(url: str, name: str) -> set[str]:
    """Return what the topmost module itself defines as a function or a class."""
    modules = _modules(url, name)
    text = modules.get(f"{name}/__init__.py") or modules.get(f"{name}.py") or b""
    kinds = (ast.FunctionDef, ast.ClassDef)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is other people's code
        tree = ast.parse(text)
    return {node.name for node in tree.body if isinstance(node, kinds)}


OPENCV = "4.12.0.88"


def test_opencv_differs_as_its_members_say() -> None:
    family = _named("opencv")
    names = [member.distribution for member in family.members]
    found = releases([f"{name}=={OPENCV}" for name in names])
    stubs = dict(zip([row.name for row in found], at_once(_stub, found), strict=True))
    headless, contrib = stubs["opencv-python-headless"], stubs["opencv-contrib-python-headless"]
    assert (stubs["opencv-python"], stubs["opencv-contrib-python"]) == (headless, contrib)
    has = {member.distribution: set(member.has) for member in family.members}
    extra = has["opencv-contrib-python-headless"]
    assert extra & headless == set()
    assert {name.removesuffix("_create") for name in extra} <= contrib
    windows = has["opencv-python"]
    assert {"imshow", "namedWindow", "waitKey", "selectROI"} <= windows
    assert windows <= headless  # they are there, and fail only when they are called
    assert has["opencv-contrib-python"] == extra | windows
    assert "aruco" in headless


def _stub(release: Release) -> set[str]:
    """Return the names of cv2, with its submodules, by its .pyi."""
    with remote_wheel(release.wheel(PYTHON) or "") as archive:
        text = archive.read("cv2/__init__.pyi").decode()
        inner = [re.fullmatch(r"cv2/(\w+)/__init__\.pyi", name) for name in archive.namelist()]
    words = re.findall(
        r"^(?:def|class) (\w+)|^(\w+)(?::| =)|^import cv2\.(\w+)", text, re.MULTILINE
    )
    return {name for row in words for name in row if name} | {match[1] for match in inner if match}


# --- CUDA ------------------------------------------------------------------------------------


def _builds(distribution: str) -> list[CudaBuild]:
    rows = [row for row in cuda_builds() if row.distribution == distribution]
    assert rows
    return rows


JAX = {"jax-cuda12-plugin": "12", "jax-cuda13-plugin": "13"}
"""The plugins by which jax opens CUDA, and which."""


@cache
def cuda_releases() -> dict[tuple[str, str], Release]:
    """Return what the index has of every release in cuda.toml."""
    assert all(row.local == "" for row in cuda_builds())
    found = []
    for python in sorted({_python(row) for row in cuda_builds()}):
        rows = [row for row in cuda_builds() if _python(row) == python]
        found += releases([f"{row.distribution}=={row.version}" for row in rows], python=python)
    return {(row.name, row.version): row for row in found}


def _python(row: CudaBuild) -> str:
    """Return a Python that a release has a wheel for."""
    if row.distribution == "onnxruntime-gpu" and row.version.startswith("1.14."):
        return "3.10"
    if row.distribution in JAX and Version(row.version) >= Version("0.11"):
        return "3.12"
    return PYTHON


def test_every_release_is_on_the_index() -> None:
    assert set(cuda_releases()) == {(row.distribution, row.version) for row in cuda_builds()}


def test_torch_requires_the_cuda_that_it_is_built_for() -> None:
    rows = _builds("torch")
    assert len(rows) >= 28
    seen = dict(zip([row.version for row in rows], at_once(_required_cuda, rows), strict=True))
    assert seen == {row.version: (row.cuda, row.cudnn) for row in rows}


def _required_cuda(row: CudaBuild) -> tuple[str, str]:
    """Return the CUDA and the cuDNN that a release requires, as major.minor."""
    with tempfile.TemporaryDirectory(prefix="pruner-index-") as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{row.distribution}=={row.version}\n", encoding="utf-8")
        argv = ["pip", "compile", str(wanted), "--quiet", "--no-header", "--no-annotate"]
        argv += ["--python-version", PYTHON, "--python-platform", "x86_64-manylinux_2_34"]
        pins = uv.run([*argv, "--no-python-downloads"], what=row.version, cwd=Path(folder))
    found = {}
    for kind in ("cuda-runtime", "cudnn"):
        match = re.search(rf"^nvidia-{kind}(?:-cu\d+)?==(\d+\.\d+)", pins, re.MULTILINE)
        found[kind] = match[1] if match else ""
    return found["cuda-runtime"], found["cudnn"]


SAID = {
    "onnxruntime-gpu": "onnxruntime/capi/build_and_package_info.py",
    "tensorflow": "tensorflow/python/platform/build_info.py",
}
"""The member of a wheel that says what it was built with."""


@pytest.mark.parametrize(("distribution", "member"), SAID.items())
def test_wheels_say_the_cuda_that_they_are_built_with(distribution: str, member: str) -> None:
    rows = [row for row in _builds(distribution) if member in row.source]
    texts = _texts(rows, member)
    cuda = [re.search(r"cuda_version'?(?: =|,) '(\d+\.\d+)", text) for text in texts]
    assert [match and match[1] for match in cuda] == [row.cuda for row in rows]
    cudnn = [re.search(r"cudnn_version', '(\d+)", text) for text in texts]
    told = [(match[1], row.cudnn) for match, row in zip(cudnn, rows, strict=True) if match]
    assert all(said == known for said, known in told)
    assert len(rows) >= 15
    assert len(told) == (len(rows) if distribution == "tensorflow" else 0)


def _texts(rows: list[CudaBuild], member: str) -> list[str]:
    return at_once(lambda url: _text(url, member), [_wheel(row) for row in rows])


def _text(url: str, member: str) -> str:
    with remote_wheel(url) as archive:
        return archive.read(member).decode()


def _wheel(row: CudaBuild) -> str:
    return cuda_releases()[row.distribution, row.version].wheel(_python(row)) or ""


@pytest.mark.parametrize("distribution", JAX)
def test_the_extras_of_jax_name_the_cuda_of_its_plugins(distribution: str) -> None:
    rows = _builds(distribution)
    assert len(rows) >= 17
    for row, needed in zip(rows, at_once(_in_extra, rows), strict=True):
        assert row.cuda == JAX[distribution]
        (name,) = (name for name in needed if name.startswith("nvidia-cudnn"))
        assert name == f"nvidia-cudnn-cu{row.cuda}", row
        least = min(each.version for each in needed[name] if each.operator == ">=")
        assert row.cudnn == least.partition(".")[0], row
        assert row.source.endswith(f": {name}")


def _in_extra(row: CudaBuild) -> dict[str, SpecifierSet]:
    """Return what the extra that a row names as its source requires of NVIDIA's."""
    match = re.fullmatch(r"Requires-Dist of (\S+) (\S+), extra (\S+): \S+", row.source)
    assert match
    assert match[2] == row.version
    url = _wheel(row)
    if match[1] != row.distribution:
        (release,) = releases([f"{match[1]}=={match[2]}"])
        url = release.wheel(PYTHON) or ""
    with remote_wheel(url) as archive:
        (path,) = fnmatch_in(archive.namelist(), "*.dist-info/METADATA")
        lines = email.message_from_bytes(archive.read(path)).get_all("Requires-Dist") or []
    wanted = [Requirement(line) for line in lines]
    here = {"sys_platform": "linux", "extra": match[3]}
    return {
        each.name: each.specifier
        for each in wanted
        if each.name.startswith("nvidia-") and each.marker and each.marker.evaluate(here)
    }


PRELOADED = "onnxruntime/capi/_ld_preload.py"
"""What opens the libraries of a release that is not linked to them."""


def test_releases_that_are_not_linked_to_cuda_open_it_themselves() -> None:
    rows = [row for row in cuda_builds() if PRELOADED in row.source]
    assert {row.version for row in rows} == {"1.14.0", "1.14.1", "1.15.0", "1.15.1"}
    for row, text in zip(rows, _texts(rows, PRELOADED), strict=True):
        majors = {major for _, major in re.findall(r"lib(cublas|cublasLt|cudart)\.so\.(\d+)", text)}
        assert majors == {row.cuda.partition(".")[0]}, row
        assert set(re.findall(r"libcudnn\.so\.(\d+)", text)) == {row.cudnn}, row


LIBRARIES = {
    "cupy-cuda11x": "cupy_backends/cuda/libs/cublas.*.so",
    "cupy-cuda12x": "cupy_backends/cuda/libs/cublas.*.so",
    "cupy-cuda13x": "cupy_backends/cuda/libs/cublas.*.so",
    "faiss-gpu": "faiss/_swigfaiss.*so",
    "faiss-gpu-cu11": "faiss/_swigfaiss.*so",
    "faiss-gpu-cu12": "faiss/_swigfaiss.*so",
    "onnxruntime-gpu": "onnxruntime/capi/libonnxruntime_providers_cuda.so",
}
"""The library of a wheel that is linked to CUDA."""
FULL = {"1.17.1", "1.19.2"}
"""Releases of onnxruntime-gpu of which the whole library is read each time, 180 MB each."""


def _linked() -> list[object]:
    """Return the rows whose library is read, those that take longer for `images`."""
    rows = [row for row in cuda_builds() if row.distribution in LIBRARIES]
    rows = [row for row in rows if PRELOADED not in row.source]
    assert {row.version for row in rows} >= FULL
    return [
        pytest.param(
            row,
            id=f"{row.distribution}-{row.version}",
            marks=[pytest.mark.images]
            if row.distribution == "onnxruntime-gpu" and row.version not in FULL
            else [],
        )
        for row in rows
    ]


@pytest.mark.parametrize("row", _linked())
def test_libraries_are_linked_to_that_cuda(row: CudaBuild) -> None:
    needed = _needed(row)
    cuda, cudnn = row.cuda.partition(".")[0], row.cudnn.partition(".")[0]
    majors = {
        match[1]
        for name in needed
        if (match := re.fullmatch(r"lib(?:cublas|cublasLt|cudart)\.so\.(\d+)(?:\.0)?", name))
    }
    assert majors == {cuda}, needed
    linked = {name for name in needed if name.startswith("libcudnn.so.")}
    opened = "without cuDNN" in row.source or not cudnn
    assert linked == (set() if opened else {f"libcudnn.so.{cudnn}"}), needed
    known = [soname for soname in sonames() if soname.provides or soname.driver or soname.debian]
    ours = [name for name in needed if re.match(r"lib(cu|nv)", name)]
    assert ours
    assert [name for name in ours if not any(each.matches(name) for each in known)] == []


def _needed(row: CudaBuild) -> list[str]:
    with remote_wheel(_wheel(row), LARGE_CHUNK) as archive:
        (member,) = fnmatch_in(archive.namelist(), LIBRARIES[row.distribution])
        return _asked(archive.read(member))


def _asked(library: bytes) -> list[str]:
    elf: Any = ELFFile(io.BytesIO(library))  # type: ignore[no-untyped-call]
    return [tag.needed for tag in elf.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")]


@pytest.mark.parametrize("distribution", ["nvidia-cuda-cupti-cu12", "nvidia-cuda-cupti"])
def test_what_is_optional_is_named_and_not_needed(distribution: str) -> None:
    url = newest()[distribution].wheel(PYTHON)
    assert url is not None
    checked = set()
    with remote_wheel(url, LARGE_CHUNK) as archive:
        for row in optional_libraries():
            for member in fnmatch_in(archive.namelist(), f"*/{row.library}"):
                data = archive.read(member)
                for pattern in row.opens:
                    assert pattern.removesuffix("*").encode() + b"\0" in data, (member, pattern)
                    assert not any(fnmatchcase(name, pattern) for name in _asked(data)), member
                checked.add(row.library)
    assert checked == {row.library for row in optional_libraries()}


def fnmatch_in(names: list[str], pattern: str) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


# --- libraries -------------------------------------------------------------------------------


def test_distributions_bring_the_libraries_that_rows_say() -> None:
    rows = [row for row in sonames() if row.provides]
    assert len(rows) > 40
    pins = []
    for row in rows:
        match = re.fullmatch(rf"files of {re.escape(row.provides)} (\S+)", row.source)
        assert match, row
        pins.append(f"{row.provides}=={match[1]}")
    found = releases(sorted(set(pins)))
    brought = {
        f"{release.name}=={release.version}": {path.rpartition("/")[2] for path in paths}
        for release, paths in zip(found, at_once(files, found), strict=True)
    }
    missing = [
        row.soname
        for row, pin in zip(rows, pins, strict=True)
        if not fnmatch_in(sorted(brought[pin]), row.soname)
    ]
    assert missing == []


def test_names_of_distributions_are_normalised() -> None:
    assert all(normalise(name) == name for name in newest())
