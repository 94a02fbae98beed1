"""Who stands in whose way, and what settles it: on tiny installed trees without a sandbox."""

from collections.abc import Mapping

import msgspec
import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.conflicts import Known, applied, conflicts
from pruner.analysis.installed import Used
from pruner.analysis.rivals import Family, Member, contested, rivals
from pruner.model import (
    AgentStatus,
    Conflict,
    Distribution,
    Inventory,
    Loaded,
    OwnedFile,
    Proof,
    SourceFile,
    SourceTree,
    Trace,
    Verdict,
)

SITE = "/env/site-packages"
QT = "cv2/qt/plugins/platforms/libqxcb.so"

OPENCV = Family(
    name="opencv",
    kind="builds",
    imports=("cv2",),
    members=(
        Member(distribution="opencv-python-headless"),
        Member(distribution="opencv-python", has=("imshow",), maps=(QT,)),
        Member(distribution="opencv-contrib-python-headless", has=("xfeatures2d",)),
        Member(distribution="opencv-contrib-python", has=("imshow", "xfeatures2d"), maps=(QT,)),
    ),
)
ONNX = Family(
    name="onnxruntime",
    kind="builds",
    imports=("onnxruntime",),
    members=(
        Member(distribution="onnxruntime", gpu=False),
        Member(distribution="onnxruntime-gpu", gpu=True),
    ),
)
WHISPER = Family(
    name="whisper",
    kind="names",
    imports=("whisper",),
    members=(
        Member(distribution="openai-whisper", has=("load_model",)),
        Member(distribution="whisper", has=("create", "fetch")),
    ),
)
CV2 = {"cv2/__init__.py": "same", "cv2/cv2.abi3.so": "{}"}
SPEECH = {
    "openai-whisper": {"whisper/__init__.py": "a"},
    "whisper": {"whisper.py": "b"},
}


def inventory(
    files: Mapping[str, Mapping[str, str]], winner: str = "", **versions: str
) -> Inventory:
    """Return what is installed: distribution -> path below site-packages -> content.

    Of files with several contents that of `winner` is on the disk.
    """
    dists = [
        Distribution(
            name=name,
            version=versions.get(name.replace("-", "_"), "1.0"),
            files=tuple(
                OwnedFile(f"{SITE}/{path}", digest.format(name)) for path, digest in owned.items()
            ),
        )
        for name, owned in files.items()
    ]
    counts: dict[str, int] = {}
    for owned in files.values():
        for path in owned:
            counts[path] = counts.get(path, 0) + 1
    disk = {
        f"{SITE}/{path}": digest.format(name)
        for name, owned in sorted(files.items(), key=lambda row: row[0] == winner)
        for path, digest in owned.items()
        if counts[path] > 1
    }
    return Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=tuple(dists),
        on_disk=disk,
    )


def settled(  # noqa: PLR0913  a case has this many sides
    installed: Inventory,
    family: Family | None = None,
    uses: Mapping[str, int] | None = None,
    loaded: Mapping[str, str] | None = None,
    *,
    gpu: bool = False,
    use: Mapping[str, str] | None = None,
    kept: set[str] | None = None,
    read: tuple[Used, ...] = (),
) -> tuple[Conflict, ...]:
    """Return the conflicts; `uses` is what app.py reads off modules, `loaded` name -> path."""
    tree = SourceTree(
        files={"app.py": SourceFile(path="app.py", module="app", uses=dict(uses or {}))}, edges={}
    )
    trace = Trace(
        agent="agent",
        status=AgentStatus.OK,
        seconds=1,
        loaded=tuple(
            Loaded(kind="module", what=name, file=f"{SITE}/{path}", by="/srv/app.py:1")
            for name, path in (loaded or {}).items()
        ),
    )
    known = Known(
        image="app",
        inventory=installed,
        ownership=Ownership(installed),
        traces=(trace,),
        tree=tree,
        files=frozenset({"app.py"}),
        gpu=gpu,
        use=use or {},
        installed=read,
    )
    rows = [
        verdict(dist.key, keep=kept is None or dist.key in kept) for dist in installed.distributions
    ]
    return conflicts(known, rows, [family] if family else [])


def verdict(name: str, *, keep: bool) -> Verdict:
    word, why = ("keep", "loaded") if keep else ("drop", "nothing needs it")
    return Verdict(name=name, version="1.0", verdict=word, level="unused", size_bytes=1, why=why)


def of(*names: str) -> dict[str, dict[str, str]]:
    return dict.fromkeys(names, CV2)


@pytest.mark.parametrize("winner", ["opencv-python", "opencv-python-headless"])
def test_the_disk_does_not_decide_between_builds(winner: str) -> None:
    installed = inventory(of("opencv-python", "opencv-python-headless"), winner)
    (found,) = settled(installed, OPENCV, {"cv2.imencode": 3})
    assert (found.kind, found.keep, found.drop) == (
        "files",
        "opencv-python-headless",
        ("opencv-python",),
    )
    assert found.settled
    assert f"cv2/cv2.abi3.so is of {winner}" in found.why
    assert "they own 2 files together, of which one differs" in found.why
    assert found.proof[0].by == winner


@pytest.mark.parametrize(
    ("uses", "keep"),
    [
        ({"cv2.imshow": 7}, "opencv-python"),
        ({"cv2.xfeatures2d.SIFT_create": 7}, "opencv-contrib-python-headless"),
        ({"cv2.imshow": 7, "cv2.xfeatures2d.SURF": 8}, "opencv-contrib-python"),
        ({"cv2.imshow_later": 7, "other.imshow": 8}, "opencv-python-headless"),
    ],
)
def test_what_code_uses_decides(uses: dict[str, int], keep: str) -> None:
    installed = inventory(of(*(row.distribution for row in OPENCV.members)))
    (found,) = settled(installed, OPENCV, uses)
    assert found.keep == keep
    assert len(found.drop) == 3


def test_a_build_that_is_not_installed_takes_the_place_where_only_it_fits() -> None:
    installed = inventory(of("opencv-python-headless", "opencv-contrib-python-headless"))
    (found,) = settled(installed, OPENCV, {"cv2.imshow": 7})
    assert (found.use, found.keep) == ("opencv-python", None)
    assert found.drop == ("opencv-contrib-python-headless", "opencv-python-headless")
    assert found.settled


@pytest.mark.parametrize(("gpu", "keep"), [(True, "onnxruntime-gpu"), (False, "onnxruntime")])
def test_the_configuration_says_which_machine_it_is(keep: str, *, gpu: bool) -> None:
    files = {"onnxruntime/__init__.py": "{}"}
    installed = inventory({"onnxruntime": files, "onnxruntime-gpu": files})
    (found,) = settled(installed, ONNX, {"onnxruntime.InferenceSession": 1}, gpu=gpu)
    assert found.keep == keep


@pytest.mark.parametrize(
    ("uses", "keep"),
    [({"whisper.load_model": 4}, "openai-whisper"), ({"whisper.create": 4}, "whisper")],
)
def test_two_projects_of_one_import_name(uses: dict[str, int], keep: str) -> None:
    loaded = {"whisper": "whisper/__init__.py"}
    (found,) = settled(inventory(SPEECH), WHISPER, uses, loaded)
    assert (found.kind, found.keep) == ("import-name", keep)
    assert "`import whisper` takes whisper/__init__.py and never whisper.py" in found.why
    assert "app.py:4" in found.why


def test_what_was_loaded_decides_where_the_use_says_nothing() -> None:
    loaded = {"whisper": "whisper/__init__.py"}
    (found,) = settled(inventory(SPEECH), WHISPER, {}, loaded)
    assert found.keep == "openai-whisper"
    assert "only openai-whisper was loaded" in found.why


def test_uses_of_both_cannot_be_settled() -> None:
    uses = {"whisper.load_model": 4, "whisper.create": 5}
    (found,) = settled(inventory(SPEECH), WHISPER, uses, {"whisper": "whisper/__init__.py"})
    assert not found.settled
    assert [choice.config for choice in found.choices] == [
        'use = ["openai-whisper"]  # [images.app]',
        'use = ["whisper"]  # [images.app]',
    ]
    assert found.drop == ()


def test_the_configuration_has_the_last_word() -> None:
    uses = {"whisper.load_model": 4, "whisper.create": 5}
    (found,) = settled(inventory(SPEECH), WHISPER, uses, use={"whisper": "whisper"})
    assert (found.settled, found.keep, found.use) == (True, "whisper", None)
    both = {"whisper": "whisper", "openai-whisper": "openai-whisper"}
    (found,) = settled(inventory(SPEECH), WHISPER, uses, use=both)
    assert (found.settled, found.keep, found.drop) == (True, None, ())
    (found,) = settled(inventory(SPEECH), WHISPER, use={"whisper": "whisper==1.1.11"})
    assert found.keep == "whisper"


def test_one_alone_is_replaced_by_what_the_configuration_uses() -> None:
    files = {"onnxruntime-gpu": {"onnxruntime/__init__.py": "a"}, "idna": {"idna.py": "a"}}
    use = {"onnxruntime": "onnxruntime==1.17.1", "idna": "idna"}
    (found,) = settled(inventory(files), ONNX, use=use)
    assert (found.distributions, found.use) == (("onnxruntime-gpu",), "onnxruntime==1.17.1")
    assert found.drop == ("onnxruntime-gpu",)
    assert settled(inventory(files), ONNX) == ()


def read(name: str, *, runs: bool = False) -> tuple[Used, ...]:
    """Return what a line of the distribution `lib` reads."""
    return (Used(name=name, by="lib/debug.py:9", owners=("lib",), runs=runs),)


def lib(*requires: str) -> Inventory:
    """Return every opencv, and `lib`, which requires some of them."""
    names = [row.distribution for row in OPENCV.members]
    installed = inventory({**of(*names), "lib": {"lib/debug.py": "a"}})
    return msgspec.structs.replace(installed, requires={"lib": requires})


@pytest.mark.parametrize(
    ("requires", "name", "runs", "keep"),
    [
        # Many require opencv-python, and hold a window for debugging that no service opens.
        (("opencv-python",), "cv2.imshow", False, "opencv-python-headless"),
        (("opencv-python",), "cv2.imshow", True, "opencv-python-headless"),
        # A need that is stated, in a function that no run has called.
        (
            ("opencv-contrib-python-headless",),
            "cv2.xfeatures2d.SURF",
            False,
            "opencv-contrib-python-headless",
        ),
        (("opencv-contrib-python",), "cv2.xfeatures2d", False, "opencv-contrib-python-headless"),
        # One that is not: it works without, or it would say so.
        (("opencv-python-headless",), "cv2.xfeatures2d.SURF", False, "opencv-python-headless"),
        ((), "cv2.xfeatures2d.SURF", False, "opencv-python-headless"),
        ((), "cv2.xfeatures2d.SURF", True, "opencv-contrib-python-headless"),
    ],
)
def test_what_installed_code_reads(
    requires: tuple[str, ...], name: str, keep: str, *, runs: bool
) -> None:
    (found,) = settled(lib(*requires), OPENCV, {"cv2.x": 1}, read=read(name, runs=runs))
    assert found.keep == keep
    assert ("lib/debug.py:9" in found.why) == ("contrib" in keep)


def test_what_installed_code_that_goes_reads_does_not_count() -> None:
    kept = {row.distribution for row in OPENCV.members}
    reading = read("cv2.xfeatures2d", runs=True)
    (found,) = settled(lib(), OPENCV, {"cv2.x": 1}, read=reading, kept=kept)
    assert found.keep == "opencv-python-headless"


def test_a_library_that_was_mapped_speaks_for_whoever_has_it() -> None:
    (found,) = settled(lib(), OPENCV, {"cv2.x": 1}, {"libqxcb.so": QT})
    assert found.keep == "opencv-python"
    assert f"{QT} is mapped by agent" in found.why
    assert found.proof[-1] == Proof(kind="library", what=QT, agent="agent")
    both = {"cv2.xfeatures2d": 1}
    (found,) = settled(lib(), OPENCV, both, {"libqxcb.so": QT})
    assert found.keep == "opencv-contrib-python"
    others = {"libqxcb.so": "PyQt5/Qt5/plugins/platforms/libqxcb.so"}
    (found,) = settled(lib(), OPENCV, {"cv2.x": 1}, others)
    assert found.keep == "opencv-python-headless"


def test_an_import_name_is_contested_where_several_have_it() -> None:
    several = inventory(of("opencv-python", "opencv-python-headless"))
    assert contested(several, [OPENCV, BSON]) == {"cv2"}
    one = inventory(of("opencv-python"))
    assert contested(one, [OPENCV]) == frozenset()
    assert contested(one, [OPENCV], ["opencv-python-headless"]) == {"cv2"}


BSON = Family(
    name="bson",
    kind="names",
    imports=("bson",),
    members=(
        Member(distribution="pymongo", has=("ObjectId",)),
        Member(distribution="bson", has=("dumps",)),
    ),
)
MONGO = {
    "pymongo": {"bson/__init__.py": "a", "pymongo/__init__.py": "a"},
    "bson": {"bson/__init__.py": "b"},
}


def test_what_is_needed_for_another_name_as_well_stays() -> None:
    (found,) = settled(inventory(MONGO), BSON, {"pymongo.MongoClient": 3, "bson.x": 4})
    assert (found.keep, found.drop) == ("pymongo", ("bson",))
    assert "pymongo is needed for pymongo as well" in found.why
    (found,) = settled(inventory(MONGO), BSON, {"bson.dumps": 4})
    assert found.keep == "bson"
    (found,) = settled(inventory(MONGO), BSON, {"bson.dumps": 4, "pymongo.MongoClient": 3})
    assert not found.settled
    assert "bson.dumps is its own, used by app.py:4" in found.why


def test_two_that_are_both_needed_for_names_of_their_own() -> None:
    both = {"a": {"x.py": "a", "a.py": "a"}, "b": {"x.py": "b", "b.py": "b"}}
    (found,) = settled(inventory(both), uses={"x.y": 1, "a.y": 2, "b.y": 3})
    assert not found.settled
    assert "a is needed for a and b is needed for b as well" in found.why


def test_libraries_of_one_name_are_told_by_the_files_that_were_loaded() -> None:
    files = {name: {"nvidia/cudnn/lib/libcudnn.so.8": name} for name in ("cu11", "cu12")}
    loaded = {"libcudnn.so.8": "nvidia/cudnn/lib/libcudnn.so.8"}
    (found,) = settled(inventory(files, "cu12"), loaded=loaded)
    assert (found.kind, found.keep, found.drop) == ("files", "cu12", ("cu11",))


def test_two_that_no_rule_knows() -> None:
    files = {"a": {"thing/__init__.py": "a"}, "b": {"thing/__init__.py": "b"}}
    loaded = {"thing": "thing/__init__.py"}
    (found,) = settled(inventory(files, "b"), loaded=loaded)
    assert (found.settled, found.keep, found.drop) == (True, "b", ("a",))
    (found,) = settled(inventory(files, "b"), uses={"thing.x": 2})
    assert not found.settled  # whose file is there was a race
    names = {"a": {"thing/__init__.py": "a"}, "b": {"thing.py": "b"}}
    (found,) = settled(inventory(names), uses={"thing.x": 2})
    assert found.keep == "a"
    more = {
        "a": {"thing/__init__.py": "a", "thing/a.py": "x"},
        "b": {"thing/__init__.py": "b", "thing/b.py": "x"},
    }
    loaded |= {"thing.a": "thing/a.py"}
    (found,) = settled(inventory(more, "b"), loaded=loaded)
    assert (found.settled, found.keep, found.drop) == (True, None, ())  # as a namespace has
    for name, files_of in more.items():
        files_of["thing/c.py"] = name
    (found,) = settled(inventory(more, "b"), loaded=loaded)
    assert not found.settled
    assert "a and b were loaded" in found.why


@pytest.mark.parametrize(
    "files",
    [
        {"a": {"ns/__init__.py": "same"}, "b": {"ns/__init__.py": "same"}},
        {"a": {"tests/__init__.py": "a"}, "b": {"tests/__init__.py": "b"}},
        {"a": {"ns/x.py": "a"}, "b": {"ns/y.py": "b"}},
        {"a": {"ns/__init__.py": "a"}, "b": {"ns/sub/__init__.py": "b"}},
        {"a": {"x.py": "a", "x.cpython-311-x86_64-linux-gnu.so": "b"}},
        {"a": {"ns/include/nv/target": "a"}, "b": {"ns/include/nv/target": "b"}},
        {"a": {"ns/x.h": "a", "ns/x.pyi": "a"}, "b": {"ns/x.h": "b", "ns/x.pyi": "b"}},
    ],
)
def test_who_is_in_nobodys_way(files: dict[str, dict[str, str]]) -> None:
    assert settled(inventory(files), uses={"ns.x": 1, "x.y": 2}) == ()


def test_what_nobody_would_keep_is_no_conflict() -> None:
    assert settled(inventory(SPEECH), WHISPER, kept=set()) == ()


def test_what_speaks_for_a_rival_speaks_for_its_heir() -> None:
    installed = inventory(of("opencv-python", "opencv-python-headless"), "opencv-python")
    found = settled(installed, OPENCV, {"cv2.imencode": 3}, kept={"opencv-python"})
    rows = [verdict("opencv-python", keep=True), verdict("opencv-python-headless", keep=False)]
    gone, heir = applied(rows, found)
    assert (gone.verdict, gone.why) == ("drop", "cannot live with opencv-python-headless")
    assert (heir.verdict, heir.why) == ("keep", "takes the place of opencv-python")


def test_several_that_stay_are_all_named() -> None:
    names = [row.distribution for row in OPENCV.members][:3]
    use = {name: name for name in names[:2]}
    found = settled(inventory(of(*names)), OPENCV, {"cv2.x": 1}, use=use)
    rows = {
        row.name: row
        for row in applied([verdict(name, keep=name == names[2]) for name in names], found)
    }
    assert rows[names[2]].why == f"cannot live with {' and '.join(sorted(names[:2]))}"
    assert [rows[name].kept for name in names] == [True, True, False]


def test_groups_are_joined_by_any_of_the_three() -> None:
    files = {"a": {"x.py": "a"}, "b": {"x.py": "b", "y.py": "b"}, "c": {"y/__init__.py": "c"}}
    family = Family(
        name="f",
        kind="builds",
        imports=("z",),
        members=(Member(distribution="c"), Member(distribution="d")),
    )
    installed = inventory({**files, "d": {"d.py": "d"}, "e": {"e.py": "e"}})
    (group,) = rivals(installed, [family], {"x", "y"})
    assert group.keys == ("a", "b", "c", "d")
    assert group.names == {"y": (f"{SITE}/y/__init__.py", f"{SITE}/y.py")}
    assert group.family == family
