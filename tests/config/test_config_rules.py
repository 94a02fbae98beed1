"""The user's own rules: what comes of them, and every mistake in them, named with its key."""

import datetime as dt
from pathlib import Path

import pytest

from pruner.config import Rules, load
from pruner.errors import Exit, UsageError
from pruner.rules import (
    Base,
    CudaBuild,
    Family,
    Member,
    Soname,
    base_tag,
    cuda_builds,
    families,
    sonames,
)

IMAGE = """
[images.x]
requirements = ["r.txt"]
agents = [{ name = "a", module = "a", ready = { exit = 0 } }]
"""

FULL = """
[[rules.families]]
name = "opencv"
imports = ["cv2"]
kind = "builds"
why = "they write the same files"
source = "our own build"
date = 2026-11-24

[[rules.families.members]]
distribution = "Our_OpenCV"

[[rules.families.members]]
distribution = "opencv-python"
has = ["imshow", "aruco.detectMarkers"]
maps = ["cv2/window.so"]
gpu = false

[[rules.families]]
name = "ours"
imports = ["ours"]
kind = "names"
why = "two of our own"
members = [{ distribution = "our-own" }, { distribution = "our-old" }]

[[rules.cuda]]
distribution = "Torch"
version = "2.2.2"
local = "cu118"
cuda = "11.8"
cudnn = "8"

[[rules.sonames]]
soname = "libour*.so.1"
provides = "Our.Library"
what = "ours"

[[rules.sonames]]
soname = "libgl.so.1"
debian = "libgl1"
driver = true

[[rules.bases]]
repositories = ["docker.io/library/ours", "registry.example:5000/ours"]
tags = ["3.{10,11}{,-slim}"]
complete = "3.*"
python = "3.11"
distribution = "debian 12"
glibc = "2.36"
"""


def _load(tmp_path: Path, text: str) -> Rules:
    (tmp_path / "pruner.toml").write_text(IMAGE + text, encoding="utf-8")
    return load(None, tmp_path).rules


def test_rows_become_the_values_that_pruner_has_of_its_own(tmp_path: Path) -> None:
    file = str(tmp_path / "pruner.toml")
    assert _load(tmp_path, FULL) == Rules(
        families=(
            Family(
                name="opencv",
                imports=("cv2",),
                kind="builds",
                why="they write the same files",
                members=(
                    Member(distribution="our-opencv"),
                    Member(
                        distribution="opencv-python",
                        has=("imshow", "aruco.detectMarkers"),
                        maps=("cv2/window.so",),
                        gpu=False,
                    ),
                ),
                source="our own build",
                date=dt.date(2026, 11, 24),
            ),
            Family(
                name="ours",
                imports=("ours",),
                kind="names",
                why="two of our own",
                members=(Member(distribution="our-own"), Member(distribution="our-old")),
                source=file,
                date=None,
            ),
        ),
        cuda=(
            CudaBuild(
                distribution="torch",
                version="2.2.2",
                local="cu118",
                cuda="11.8",
                cudnn="8",
                source=file,
                date=None,
            ),
        ),
        sonames=(
            Soname(
                soname="libour*.so.1", provides="our-library", what="ours", source=file, date=None
            ),
            Soname(soname="libgl.so.1", debian="libgl1", driver=True, source=file, date=None),
        ),
        bases=(
            Base(
                repositories=("ours", "registry.example:5000/ours"),
                tags=("3.{10,11}{,-slim}",),
                complete="3.*",
                python="3.11",
                distribution="debian 12",
                glibc="2.36",
                source=file,
                date=None,
            ),
        ),
    )


def test_there_may_be_none(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == Rules()


def test_they_may_stand_in_a_pyproject(tmp_path: Path) -> None:
    text = (IMAGE + FULL).replace("[images", "[tool.pruner.images")
    (tmp_path / "pyproject.toml").write_text(text.replace("[[rules", "[[tool.pruner.rules"))
    assert [row.name for row in load(None, tmp_path).rules.families] == ["opencv", "ours"]


def test_a_users_rows_take_the_place_of_ours(tmp_path: Path) -> None:
    own = _load(
        tmp_path,
        FULL
        + """
[[rules.cuda]]
distribution = "torch"
version = "2.2.2"
cuda = ""

[[rules.sonames]]
soname = "libcuda.so.1"
debian = "libcuda1"
""",
    )
    opencv = [row for row in families(own.families) if row.name == "opencv"]
    assert opencv == [own.families[0]]
    assert len(families(own.families)) == len(families()) + 1
    torch = [row for row in cuda_builds(own.cuda) if row.distribution == "torch"]
    assert [(row.local, row.cuda) for row in torch if row.version == "2.2.2"] == [
        ("cu118", "11.8"),
        ("", ""),
    ]
    assert len(cuda_builds(own.cuda)) == len(cuda_builds()) + 1
    cuda = [row for row in sonames(own.sonames) if row.matches("libcuda.so.1")]
    assert [row.debian for row in cuda] == ["libcuda1"]


FAMILY = """
[[rules.families]]
name = "a"
imports = ["a"]
kind = "names"
why = "w"
"""
MEMBERS = "members = [{ distribution = 'a' }, { distribution = 'b' }]\n"
CUDA = "[[rules.cuda]]\ndistribution = 'torch'\nversion = '2.2.2'\ncuda = '12.1'\n"
SONAME = "[[rules.sonames]]\nsoname = 'liba.so.1'\nprovides = 'a'\n"
BASE = '[[rules.bases]]\nrepositories = ["a"]\ntags = ["{1,2}"]\n'

AT = "rules.families[0]"
NAME = "write it as code does, such as cv2 or testing.assert_equal"
INDEX = "write the name that it has on the index, without a version or extras"
SHORT = 'write it as "12.1", as "12", or as "" for none'

# name: (text after an image, message without the file, hint or None)
MISTAKES: dict[str, tuple[str, str, str | None]] = {
    "unknown-table": (
        "[[rules.family]]",
        "rules.family: unknown key",
        "did you mean families? (bases, cuda, families, sonames)",
    ),
    "no-list": (
        "[rules.families]\nname = 'a'",
        "rules.families: expected a list, got a table",
        None,
    ),
    "unknown-key": (
        FAMILY + MEMBERS + "import = ['a']",
        f"{AT}.import: unknown key",
        "did you mean imports? (date, imports, kind, members, name, source, why)",
    ),
    "unknown-key-of-a-member": (
        FAMILY + "members = [{ distribution = 'a', hass = [] }, { distribution = 'b' }]",
        f"{AT}.members[0].hass: unknown key",
        "did you mean has? (distribution, gpu, has, maps)",
    ),
    "no-members": (FAMILY, f"{AT}.members: is missing", None),
    "one-member": (
        FAMILY + "members = [{ distribution = 'a' }]",
        f"{AT}.members: are only 1",
        "a family has at least 2",
    ),
    "same-member": (
        FAMILY + "members = [{ distribution = 'a.b' }, { distribution = 'A_B' }]",
        f'{AT}.members[1]: is about "a-b", as members[0] is',
        "keep one of them",
    ),
    "same-family": (
        FAMILY + MEMBERS + FAMILY + MEMBERS,
        'rules.families[1]: is about "a", as families[0] is',
        "keep one of them",
    ),
    "no-name": (
        FAMILY.replace('"a"\nimports', '" "\nimports') + MEMBERS,
        f"{AT}.name: is empty",
        None,
    ),
    "kind": (
        FAMILY.replace("names", "build") + MEMBERS,
        f'{AT}.kind: "build" is not one of builds, names',
        "did you mean builds? (builds, names)",
    ),
    "no-imports": (
        FAMILY.replace('["a"]', "[]") + MEMBERS,
        f"{AT}.imports: names nothing",
        'such as imports = ["cv2"]',
    ),
    "import": (
        FAMILY.replace('["a"]', '["a", "a-b"]') + MEMBERS,
        f'{AT}.imports[1]: "a-b" is no name in Python',
        NAME,
    ),
    "has": (
        FAMILY + "members = [{ distribution = 'a', has = ['b.'] }, { distribution = 'b' }]",
        f'{AT}.members[0].has[0]: "b." is no name in Python',
        NAME,
    ),
    "maps": (
        FAMILY + "members = [{ distribution = 'a', maps = ['/a/b.so'] }, { distribution = 'b' }]",
        f'{AT}.members[0].maps[0]: "/a/b.so" is no library below site-packages',
        "write it from site-packages on, such as cv2/qt/plugins/platforms/libqxcb.so",
    ),
    "distribution": (
        FAMILY + "members = [{ distribution = 'a' }, { distribution = 'b==1' }]",
        f'{AT}.members[1].distribution: "b==1" names no distribution',
        INDEX,
    ),
    "gpu": (
        FAMILY + "members = [{ distribution = 'a', gpu = 'yes' }, { distribution = 'b' }]",
        f"{AT}.members[0].gpu: expected true or false, got text",
        "write it without quotes",
    ),
    "date": (
        FAMILY + MEMBERS + "date = 'yesterday'",
        f"{AT}.date: is no date",
        "year, month and day without quotes, such as 2026-11-24",
    ),
    "date-type": (
        FAMILY + MEMBERS + "date = 3",
        f"{AT}.date: expected a date, got an integer",
        None,
    ),
    "no-version": (
        "[[rules.cuda]]\ndistribution = 'torch'\ncuda = ''",
        "rules.cuda[0].version: is missing",
        None,
    ),
    "no-cuda": (
        CUDA.replace("cuda = '12.1'\n", ""),
        "rules.cuda[0].cuda: is missing",
        None,
    ),
    "version": (
        CUDA.replace("2.2.2", "2.x"),
        'rules.cuda[0].version: "2.x" is no version of a release',
        'write it as "2.2.2"',
    ),
    "version-with-local-part": (
        CUDA.replace("2.2.2", "2.2.2+cu121"),
        'rules.cuda[0].version: "2.2.2+cu121" has a local part',
        'write version = "2.2.2" and local = "cu121"',
    ),
    "local": (
        CUDA + "local = '+cu121'",
        'rules.cuda[0].local: "+cu121" is no local version',
        'what stands behind the +, such as "cu121"',
    ),
    "cuda": (
        CUDA.replace("12.1", "cu121"),
        'rules.cuda[0].cuda: "cu121" is no version of it',
        SHORT,
    ),
    "cuda-as-a-number": (
        CUDA.replace("'12.1'", "12.1"),
        "rules.cuda[0].cuda: expected text, got a number",
        "write it in quotes",
    ),
    "cudnn": (
        CUDA + "cudnn = '8.9.2.26'",
        'rules.cuda[0].cudnn: "8.9.2.26" is no version of it',
        SHORT,
    ),
    "cudnn-without-cuda": (
        CUDA.replace("12.1", "") + "cudnn = '8.9'",
        "rules.cuda[0].cudnn: means nothing without cuda",
        "remove cudnn",
    ),
    "same-release": (
        CUDA + CUDA.replace("torch", "Torch").replace("2.2.2", "v2.2.2"),
        'rules.cuda[1]: is about "torch==2.2.2", as cuda[0] is',
        "keep one of them",
    ),
    "soname": (
        SONAME.replace("liba.so.1", "/usr/lib/liba.so.1"),
        'rules.sonames[0].soname: "/usr/lib/liba.so.1" names no library',
        'its file name without folders, such as "libcudnn*.so.8"',
    ),
    "nobody-brings-it": (
        "[[rules.sonames]]\nsoname = 'liba.so.1'\nwhat = 'a'",
        "rules.sonames[0]: one of these is missing: provides, debian, driver",
        "say who brings it",
    ),
    "provides": (
        SONAME.replace("'a'", "'a b'"),
        'rules.sonames[0].provides: "a b" names no distribution',
        INDEX,
    ),
    "debian": (
        SONAME + "debian = 'libA 1'",
        'rules.sonames[0].debian: "libA 1" is no name of a package of Debian\'s',
        "as apt-get install takes it, such as libgl1",
    ),
    "same-soname": (
        SONAME + SONAME,
        'rules.sonames[1]: is about "liba.so.1 a", as sonames[0] is',
        "keep one of them",
    ),
    "no-repository": (
        BASE.replace('["a"]', "[]"),
        "rules.bases[0].repositories: names nothing",
        'such as repositories = ["python"]',
    ),
    "repository-with-a-tag": (
        BASE.replace('"a"', '"a:1"'),
        'rules.bases[0].repositories[0]: "a:1" names no image',
        'its name without a tag or digest, such as "registry.example/team/python"',
    ),
    "no-tags": (
        BASE.replace("tags", "#"),
        "rules.bases[0].tags: is missing",
        'such as tags = ["3.{10,11}-slim"]',
    ),
    "tags-in-open-braces": (
        BASE.replace("{1,2}", "{1,2"),
        'rules.bases[0].tags[0]: "{1,2" is no tag',
        'written like a word of a shell, such as "3.{10,11}{,-slim}"',
    ),
    "too-many-tags": (
        BASE.replace("{1,2}", "{1,2}" * 20),
        "rules.bases[0].tags[0]: are more than 10000 tags",
        "write several",
    ),
    "complete-without-an-end": (
        BASE + 'complete = "(3"',
        'rules.bases[0].complete: "(3" is no pattern: missing ), unterminated subpattern',
        "a regular expression of Python's, for whole tags",
    ),
    "python-with-a-patch-version": (
        BASE + 'python = "3.11.2"',
        'rules.bases[0].python: "3.11.2" is no line of Python 3',
        'write it as "3.4"',
    ),
    "distribution-of-a-python-kind": (
        BASE + 'distribution = "Debian: 12"',
        'rules.bases[0].distribution: "Debian: 12" names no distribution of Linux',
        'its name and version in lower case, such as "debian 12"',
    ),
    "glibc-of-a-package": (
        BASE + 'glibc = "2.36-9"',
        'rules.bases[0].glibc: "2.36-9" is no version of it',
        'write it as "12.1", as "12", or as "" for none',
    ),
    "same-base": (
        BASE + BASE,
        'rules.bases[1]: is about "a {1,2}", as bases[0] is',
        "keep one of them",
    ),
}


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named(text: str, message: str, hint: str | None, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _load(tmp_path, text)
    file = tmp_path / "pruner.toml"
    assert (caught.value.message, caught.value.hint) == (f"{file}: {message}", hint)
    assert caught.value.code is Exit.USAGE


def test_keys_of_a_pyproject_are_given_in_full(tmp_path: Path) -> None:
    text = (IMAGE + SONAME.replace("'a'", "''")).replace("[images", "[tool.pruner.images")
    (tmp_path / "pyproject.toml").write_text(text.replace("[[rules", "[[tool.pruner.rules"))
    with pytest.raises(UsageError, match=r"toml: tool\.pruner\.rules\.sonames\[0\]: one of these"):
        load(None, tmp_path)


def test_two_distributions_may_bring_one_library(tmp_path: Path) -> None:
    rules = _load(tmp_path, SONAME + SONAME.replace("'a'", "'b'"))
    assert [row.provides for row in sonames(rules.sonames)[:2]] == ["a", "b"]


def test_a_users_bases_stand_first(tmp_path: Path) -> None:
    absent = "nvidia/cuda:12.3.0-runtime-debian12"
    assert base_tag(absent).verdict == "absent"
    text = """
[[rules.bases]]
repositories = ["nvidia/cuda", "index.docker.io/library/python"]
tags = ["12.3.0-runtime-debian12", "3.11-slim"]
distribution = "debian 11"
"""
    own = _load(tmp_path, text).bases
    found = base_tag(absent, own)
    assert (found.verdict, found.source) == ("listed", str(tmp_path / "pruner.toml"))
    assert (found.brings.distribution, found.brings.glibc) == ("debian 11", "2.31")
    assert base_tag("python:3.11-slim", own).brings.distribution == "debian 11"
    assert base_tag("python:3.10-slim", own).brings.distribution == "debian 13"
