from pruner.analysis.attribution import Ownership
from pruner.analysis.own import own_files, own_folders, tail_in
from pruner.model import (
    AgentStatus,
    Distribution,
    Inventory,
    Loaded,
    OwnedFile,
    SourceFile,
    SourceTree,
    Trace,
)

SITE, LIB = "/usr/lib/python3.11/site-packages", "/usr/lib/python3.11"
DIST = Distribution(
    name="odd", version="1", files=(OwnedFile(path="/opt/share/app/data.py", sha256="x", size=1),)
)
OWNERSHIP = Ownership(
    Inventory(
        python="3.11.7",
        executable="/usr/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(LIB,),
        distributions=(DIST,),
    )
)


def tree(*paths: str) -> SourceTree:
    return SourceTree(files={path: SourceFile(path=path, module="") for path in paths}, edges={})


def folders(files: tuple[str, ...], known: SourceTree, *sources: str) -> tuple[str, ...]:
    loaded = tuple(Loaded(kind="module", what="m", file=file) for file in files)
    trace = Trace(agent="a", status=AgentStatus.OK, seconds=0, loaded=loaded)
    return own_folders([trace], known, OWNERSHIP, sources)


def test_the_longest_tail_is_the_file() -> None:
    known = tree("app/run.py", "run.py")
    assert tail_in("/srv/app/run.py", known) == "app/run.py"
    assert tail_in("/srv/run.py", known) == "run.py"
    assert tail_in("/srv/other.py", known) is None


def test_what_others_bring_is_not_first_party() -> None:
    known = tree("app/data.py", "app/run.py", "__init__.py")
    files = (
        f"{SITE}/app/run.py",
        f"{LIB}/json/__init__.py",
        "/opt/share/app/data.py",
        "/srv/app/run.py",
    )
    assert list(own_files(files, known, OWNERSHIP)) == [("/srv/app/run.py", "app/run.py")]


def test_folders_are_the_sources_where_the_sandbox_has_them() -> None:
    known = tree("app/run.py", "app/sub/x.py", "lib/deep/y.py", "setup.py", "other/z.py")
    files = ("/srv/app/run.py", "/srv/app/sub/x.py", "/opt/lib/deep/y.py")
    assert folders(files, known, "app", "app/sub", "lib/deep") == (
        "/opt/lib/deep",
        "/srv/app",
        "/srv/app/sub",
    )


def test_all_of_the_project_is_where_it_lies() -> None:
    known = tree("app/run.py", "setup.py")
    assert folders(("/srv/app/run.py", "/srv/setup.py"), known, ".") == ("/srv",)


def test_the_root_of_the_sandbox_is_never_a_folder_to_measure() -> None:
    known = tree("app/run.py", "setup.py")
    assert folders(("/app/run.py", "/setup.py"), known, ".") == ("/app",)
    assert folders(("/setup.py",), known, "setup.py") == ()
    assert folders((), known, ".") == ()
