from pruner.analysis.moved import Place, moved
from pruner.model import (
    AgentStatus,
    Attempt,
    Distribution,
    Host,
    Inventory,
    Loaded,
    OwnedFile,
    Program,
    Trace,
)

THEN = "/store/1-aa/1-env/venv"
NOW = "/store/2-bb/1-env/venv"
SITE = "lib/python3.11/site-packages"
WAS = Place(
    site_dirs=(f"{THEN}/{SITE}",), aliases={f"{THEN}/lib64": f"{THEN}/lib"}, root="/old/project"
)


def inventory(*files: str, sites: tuple[str, ...] = (f"{NOW}/{SITE}",)) -> Inventory:
    """Return what is installed: "name-version/file" relative to a site folder or absolute."""
    by_name: dict[str, list[str]] = {}
    for row in files:
        name, _, file = row.partition(":")
        by_name.setdefault(name, []).append(file if file[0] == "/" else f"{sites[0]}/{file}")
    return Inventory(
        python="3.11.7",
        executable=f"{NOW}/bin/python",
        markers={},
        site_dirs=sites,
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=tuple(
            Distribution(name=name, version="1", files=tuple(map(OwnedFile, paths)))
            for name, paths in by_name.items()
        ),
    )


def path(file: str, now: Inventory, was: Place = WAS, root: str = "/new") -> str:
    """Return where one file that was loaded is now."""
    row = Loaded(kind="module", what="x", file=file)
    trace = Trace(agent="agent", status=AgentStatus.OK, seconds=1, loaded=(row,))
    return moved(trace, was, root, now).loaded[0].file


def test_every_path_of_a_trace_is_moved() -> None:
    then, line = f"{THEN}/{SITE}", f"{THEN}/{SITE}/a/b.py:7"
    trace = Trace(
        agent="agent",
        status=AgentStatus.OK,
        seconds=1,
        loaded=(Loaded(kind="module", what="a", file=f"{then}/a/b.py", by="/old/project/x.py:1"),),
        opened=(Loaded(kind="data", what="d", file=f"{then}/a/d.txt", by=line),),
        attempts=(Attempt(module="z", by=line, failed=True),),
        programs=(Program(what=f"{THEN}/bin/a", by=line, package="p"),),
        hosts=(Host(name="h", port=1, by=line),),
    )
    now = inventory("a:a/b.py", "a:a/d.txt", f"a:{NOW}/bin/a")
    there, by = f"{NOW}/{SITE}", f"{NOW}/{SITE}/a/b.py:7"
    assert moved(trace, WAS, "/new", now) == Trace(
        agent="agent",
        status=AgentStatus.OK,
        seconds=1,
        loaded=(Loaded(kind="module", what="a", file=f"{there}/a/b.py", by="/new/x.py:1"),),
        opened=(Loaded(kind="data", what="d", file=f"{there}/a/d.txt", by=by),),
        attempts=(Attempt(module="z", by=by, failed=True),),
        programs=(Program(what=f"{NOW}/bin/a", by=by, package="p"),),
        hosts=(Host(name="h", port=1, by=by),),
    )


def test_another_spelling_of_a_site_folder_is_the_same_folder() -> None:
    was = Place(site_dirs=WAS.site_dirs, aliases={f"{THEN}/lib64/p": WAS.site_dirs[0]})
    assert path(f"{THEN}/lib64/p/a.py", inventory("a:a.py"), was) == f"{NOW}/{SITE}/a.py"


def test_a_file_goes_to_the_site_folder_whose_record_lists_it() -> None:
    sites = ("/usr/local/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages")
    now = inventory("a:a.py", f"b:{sites[1]}/b.py", sites=sites)
    assert path(f"{THEN}/{SITE}/a.py", now) == f"{sites[0]}/a.py"
    assert path(f"{THEN}/{SITE}/b.py", now) == f"{sites[1]}/b.py"
    assert path(f"{THEN}/{SITE}/nobodys.py", now) == f"{sites[0]}/nobodys.py"


def test_what_lies_elsewhere_stays() -> None:
    now = inventory("a:a.py")
    for file in (
        "/usr/lib/python3.11/json/__init__.py",
        "/usr/bin/ffmpeg",
        f"{THEN}/bin/nobodys",
        "/old/project-2/x.py",
        f"{THEN}-2/{SITE}/a.py",
    ):
        assert path(file, now) == file


def test_a_project_that_has_not_moved_or_whose_folder_is_not_known_stays() -> None:
    now = inventory("a:a.py")
    assert path("/old/project/x.py", now, root="/old/project") == "/old/project/x.py"
    assert path("/old/project/x.py", now, root="") == "/old/project/x.py"
    nowhere = Place(site_dirs=WAS.site_dirs)
    assert path("/old/project/x.py", now, nowhere) == "/old/project/x.py"
    everywhere = Place(site_dirs=WAS.site_dirs, root="/")
    assert path("/old/project/x.py", now, everywhere) == "/old/project/x.py"


def test_metadata_goes_along_with_another_version() -> None:
    now = inventory(
        "typing-x:typing_x-2.0.dist-info/METADATA",
        "other:other/_vendor/typing_x-9.dist-info/METADATA",
    )
    then = f"{THEN}/{SITE}/Typing_X-1.0.dist-info/METADATA"
    assert path(then, now) == f"{NOW}/{SITE}/typing_x-2.0.dist-info/METADATA"


def test_an_extension_module_goes_along_with_another_python() -> None:
    site = f"{NOW}/lib/python3.12/site-packages"
    now = inventory("a:a/_c.cpython-312-x86_64-linux-gnu.so", "a:b/_c.so", sites=(site,))
    then = f"{THEN}/{SITE}/a/_c.cpython-311-x86_64-linux-gnu.so"
    assert path(then, now) == f"{site}/a/_c.cpython-312-x86_64-linux-gnu.so"
