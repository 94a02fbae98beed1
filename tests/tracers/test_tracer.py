"""The tracer in real interpreters: each test runs programs in a throwaway environment of their own.

The environment holds what a sandbox holds: a folder with the tracer and `out`, and the two files
in site-packages that start it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import textwrap
import zipfile
from pathlib import Path

import pytest

from pruner.model import Loaded
from pruner.trace.events import Events, read_events
from support import VERSIONS, interpreter

TRACER = Path(__file__).resolve().parents[2] / "tracers" / "pruner_tracer.py"
SILENT = {"PRUNER_TRACER": "off"}


class Home:
    """An environment with the tracer in it. Modules go to site-packages, programs to `work`."""

    def __init__(self, root: Path, python: str) -> None:
        self.folder = root / "tracer"
        self.out = self.folder / "out"
        self.work = root / "work"
        self.out.mkdir(parents=True)
        self.work.mkdir()
        shutil.copy(TRACER, self.folder)
        subprocess.run([python, "-m", "venv", "--without-pip", str(root / "venv")], check=True)
        self.python = root / "venv" / "bin" / "python"
        (self.site,) = root.glob("venv/lib/python3*/site-packages")
        self.install("pruner_tracer.start()")

    def install(self, call: str) -> None:
        """Write the two files that get the tracer in."""
        line = f"{self.folder}\nimport pruner_tracer; {call}\n"
        (self.site / "00_pruner.pth").write_text(line)
        (self.site / "00_pruner.start").write_text("pruner_tracer:start\n")

    def module(self, name: str, text: str = "") -> Path:
        """Write a module into site-packages."""
        path = self.site / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start(
        self, program: str, *options: str, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a program, its output in pipes."""
        script = self.work / "program.py"
        script.write_text(textwrap.dedent(program))
        return subprocess.Popen(
            [self.python, *options, script],
            cwd=self.work,
            env=(os.environ | env) if env is not None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, program: str, *options: str, env: dict[str, str] | None = None, code: int = 0
    ) -> str:
        """Run a program to its end; return what it printed. It may print no error."""
        with self.start(program, *options, env=env) as process:
            out, errors = process.communicate(timeout=60)
        assert (errors, process.returncode) == ("", code)
        return out

    def events(self) -> Events:
        """Read what was recorded."""
        return read_events(self.out)

    def loaded(self, name: str) -> Loaded | None:
        """Return the record of a module, if there is one with a file."""
        return next((item for item in self.events().loaded if item.what == name), None)

    def knows(self, *names: str) -> bool:
        """Tell whether all of these modules were recorded from site-packages."""
        files = {item.what: item.file for item in self.events().loaded}
        return all(files.get(name, "").startswith(f"{self.site}/") for name in names)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, sys.executable)


@pytest.fixture(params=VERSIONS)
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")
    return Home(tmp_path, python)


# --- on every version ------------------------------------------------------------------------


def test_every_way_to_import(each: Home) -> None:
    for name in ("plain", "by_name", "by_runpy", "by_path", "seen", "never", "pack.part"):
        each.module(name)
    each.run(
        f"""\
        import plain
        import importlib, importlib.util, runpy
        importlib.import_module("by_name")
        runpy.run_module("by_runpy")
        spec = importlib.util.spec_from_file_location("by_path", {str(each.site / "by_path.py")!r})
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        importlib.util.find_spec("seen")
        import pack.part
        try:
            import missing.part
        except ImportError:
            pass
        """
    )
    script = each.work / "program.py"
    modules = {item.what: item for item in each.events().loaded}
    lines = {"plain": 1, "by_name": 3, "by_runpy": 4, "by_path": 6, "pack.part": 8}
    for name, line in lines.items():
        file = str(each.site / (name.replace(".", "/") + ".py"))
        expected = Loaded(kind="module", what=name, file=file, by=f"{script}:{line}")
        assert modules[name] == expected
    assert modules["__main__"].file == str(script)
    assert "never" not in modules
    assert "seen" not in modules
    attempts = {item.module: (item.by, item.failed) for item in each.events().attempts}
    assert attempts["seen"] == (f"{script}:7", True)
    assert attempts["missing"] == (f"{script}:10", True)
    assert attempts.get("pack", ("", False))[1] is False


def test_an_extension_and_its_library(each: Home) -> None:
    suffix = each.run("import _ctypes; print(_ctypes.__file__)").strip()
    extension = each.loaded("_ctypes")
    assert extension is not None
    assert (extension.kind, extension.file) == ("extension", suffix)
    libraries = {item.file for item in each.events().loaded if item.kind == "library"}
    assert os.path.realpath(suffix) in libraries
    assert any("/libffi" in path for path in libraries) or "libffi" not in linked(suffix)


def linked(path: str) -> str:
    return subprocess.run(["ldd", path], check=False, capture_output=True, text=True).stdout


def test_the_agent_sees_its_own_path_and_modules(each: Home) -> None:
    program = "import json, sys; print(json.dumps([sys.path, sorted(sys.modules)]))"
    traced_path, traced = json.loads(each.run(program))
    (each.site / "00_pruner.pth").write_text("import sys\n")  # site loads a codec to read any
    # From Python 3.15 on: what resolves the names in such a file is loaded for any.
    (each.site / "00_pruner.start").write_text("sys:getdefaultencoding\n")
    path, modules = json.loads(each.run(program))
    assert traced_path == path
    assert set(modules) <= set(traced)
    assert set(traced) - set(modules) <= {"pruner_tracer", "atexit"}


def test_a_fork_writes_its_own_file(each: Home) -> None:
    each.module("before")
    each.module("inside")
    each.run(
        """\
        import os, before
        child = os.fork()
        if child == 0:
            import inside
            os._exit(0)
        os.waitpid(child, 0)
        """
    )
    parent, child = sorted(each.events().processes, key=lambda process: process.inherits or "")
    assert each.knows("before", "inside")
    assert child.ppid == parent.pid
    assert child.inherits is not None
    assert child.inherits.startswith(f"{parent.pid}-")


@pytest.mark.parametrize("options", [("-I",), ()])
def test_a_child_in_isolation_or_an_empty_environment(each: Home, options: tuple[str, ...]) -> None:
    each.module("inside")
    each.run(
        f"""\
        import subprocess, sys
        subprocess.run([sys.executable, *{options}, "-c", "import inside"], env={{}}, check=True)
        """
    )
    assert each.knows("inside")
    assert len(each.events().processes) == 2
    assert [Path(item.what).name for item in each.events().spawned] == ["python"]


def test_sigkill_loses_nothing(each: Home) -> None:
    names = [f"module_{number}" for number in range(50)]
    for name in names:
        each.module(name)
    each.run(
        f"""\
        import {", ".join(names)}
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        code=-signal.SIGKILL,
    )
    assert each.knows(*names)
    assert each.events().torn == ()


def test_off_reaches_the_grandchild_with_an_empty_environment(each: Home) -> None:
    each.module("inside")
    each.run(
        """\
        import subprocess, sys
        child = [sys.executable, "-c", "import inside; print(1)"]
        subprocess.run(child, env={}, check=True)
        shell = '"$0" -c "import inside; print(1)"; true'
        subprocess.run(["/bin/sh", "-c", shell, sys.executable], env={}, check=True)
        """,
        env=SILENT,
    )
    assert each.events() == Events()
    assert {path.suffix for path in each.out.iterdir()} == {".off"}
    each.run("import inside")
    assert each.knows("inside")


# --- what is read, run and reached ----------------------------------------------------------


def files(home: Home) -> set[tuple[str, str, str | None]]:
    """Return (kind, path below site-packages, line of the program that asked) of what was read."""
    script = f"{home.work}/program.py:"
    return {
        (item.kind, item.file[len(f"{home.site}/") :], (item.by or "").replace(script, "") or None)
        for item in home.events().opened_files
    }


def distribution(home: Home, name: str, *, more: tuple[str, ...] = ()) -> None:
    """Install a distribution that is metadata and nothing else."""
    folder = home.site / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n{name}.py,,\n")
    for file in more:
        (folder / file).write_text("")


def test_package_data_that_is_read(each: Home) -> None:
    each.module("pack.__init__", "import os; HERE = os.path.dirname(__file__)")
    for name in ("a", "b", "c", "d", "e"):
        (each.site / "pack" / f"{name}.txt").write_text("data")
    (each.work / "own.txt").write_text("own")
    each.run(
        """\
        import io, os, pathlib, pkgutil, pack
        open(pack.HERE + "/a.txt").close()
        pathlib.Path(pack.HERE, "b.txt").read_text()
        pkgutil.get_data("pack", "c.txt")
        os.close(os.open(pathlib.Path(pack.HERE, "d.txt"), os.O_RDONLY))
        open("own.txt").close()
        open(pack.HERE + "/__init__.py").close()
        open(pack.HERE + "/made.txt", "w").close()
        open(pack.HERE + "/made.txt", "a").close()
        open(pack.HERE + "/made.txt", "r+").close()
        open(pack.HERE + "/a.txt").close()
        """
    )
    assert files(each) == {
        ("data", "pack/a.txt", "2"),
        ("data", "pack/b.txt", "3"),
        ("data", "pack/c.txt", "4"),
        ("data", "pack/d.txt", "5"),
    }


def test_files_that_a_distribution_installs_below_the_prefix(home: Home) -> None:
    shared = home.python.parents[1] / "share" / "thing"
    shared.mkdir(parents=True)
    (shared / "thing.cfg").touch()
    home.run(
        f"""\
        import configparser
        configparser.ConfigParser().read({str(shared / "thing.cfg")!r})
        """
    )
    (opened,) = home.events().opened_files
    assert (opened.kind, opened.file) == ("data", f"{shared}/thing.cfg")
    assert opened.by == f"{home.work}/program.py:2"


def test_resources_and_time_zones(home: Home) -> None:
    home.module("tzdata.__init__")
    home.module("tzdata.zoneinfo.__init__")
    zone = home.site / "tzdata" / "zoneinfo" / "Nowhere"
    zone.write_bytes(b"TZif" + bytes(40))
    home.run(
        """\
        import importlib.resources, zoneinfo
        zoneinfo.reset_tzpath([])
        try:
            zoneinfo.ZoneInfo("Nowhere")
        except Exception:
            pass
        """
    )
    assert files(home) == {("data", "tzdata/zoneinfo/Nowhere", "4")}


def test_metadata_that_is_read(each: Home) -> None:
    for name in ("alpha", "beta", "gamma"):
        distribution(each, name, more=("entry_points.txt", "INSTALLER"))
    each.module("alpha", "from importlib.metadata import version\nversion(__name__)\n")
    each.run(
        """\
        from importlib import metadata
        metadata.version("beta")
        metadata.version("beta")
        metadata.distribution("gamma").read_text("INSTALLER")
        import alpha
        metadata.entry_points()
        """
    )
    points = {
        ("metadata", f"{name}-1.0.dist-info/entry_points.txt", "6")
        for name in ("alpha", "beta", "gamma")
    }
    found = files(each)
    assert points <= found
    rest = {row for row in found - points if row[2] != "6"}
    rest.discard(("metadata", "gamma-1.0.dist-info/METADATA", "4"))  # Python 3.15 reads it at once
    assert rest == {
        ("metadata", "beta-1.0.dist-info/METADATA", "2"),
        ("metadata", "beta-1.0.dist-info/METADATA", "3"),
        ("metadata", "gamma-1.0.dist-info/INSTALLER", "4"),
        ("metadata", "alpha-1.0.dist-info/METADATA", f"{each.site}/alpha.py:2"),
    }


def lookups(home: Home) -> set[tuple[str, str]]:
    """Return (name, line of the program that asked) of the distributions that were asked for."""
    script = f"{home.work}/program.py:"
    return {(item.what, (item.by or "").replace(script, "")) for item in home.events().lookups}


def test_distributions_that_are_asked_for_by_name(each: Home) -> None:
    distribution(each, "alpha", more=("entry_points.txt",))
    each.module("alpha", "from importlib import metadata\nmetadata.version(__name__)\n")
    each.run(
        """\
        from importlib import metadata
        assert metadata.version("alpha") == "1.0"
        for _ in range(3):
            try:
                metadata.version("Not.there")
            except metadata.PackageNotFoundError:
                pass
        assert [dist.metadata["Name"] for dist in metadata.distributions()] == ["alpha"]
        metadata.entry_points()
        import alpha
        metadata.distribution("alpha")
        """
    )
    assert lookups(each) == {
        ("alpha", "2"),
        ("Not.there", "5"),
        ("alpha", f"{each.site}/alpha.py:2"),
        ("alpha", "11"),
    }


def test_whatever_is_asked_of_our_finder(home: Home) -> None:
    home.run(
        """\
        import sys

        class Context:
            @property
            def name(self):
                raise RuntimeError

        class Odd:
            name = object()

        ours = sys.meta_path[0]
        assert type(ours).__module__ == "pruner_tracer"
        for context in (None, Context(), Odd(), object()):
            assert next(ours.find_distributions(context), None) is None
        assert list(ours.find_distributions()) == []
        """
    )
    assert home.events().lookups == ()


def test_a_sweep_is_asked_for_by_one_line(home: Home) -> None:
    names = [f"dist{number}" for number in range(10)]
    for name in names:
        distribution(home, name)
    home.run(
        """\
        from importlib.metadata import packages_distributions
        packages_distributions()
        """
    )
    for file in ("METADATA", "top_level.txt", "RECORD"):
        rows = {("metadata", f"{name}-1.0.dist-info/{file}", "2") for name in names}
        assert rows <= files(home)


def test_pkg_resources(each: Home) -> None:
    bundled = "import ensurepip, glob; print(*glob.glob(ensurepip.__path__[0] + '/_b*/set*.whl'))"
    wheel = each.run(bundled, env=SILENT).strip()
    if not wheel:
        pytest.skip("no setuptools in this interpreter's ensurepip")
    for path in each.out.iterdir():
        path.unlink()
    distribution(each, "wanted")
    distribution(each, "other", more=("entry_points.txt",))
    each.run(
        f"""\
        import sys; sys.path.append({wheel!r})
        import pkg_resources
        pkg_resources.require("wanted")
        list(pkg_resources.iter_entry_points("console_scripts"))
        """,
        *(["-W", "ignore"]),
    )
    assert ("metadata", "wanted-1.0.dist-info/METADATA", "3") in files(each)
    assert ("metadata", "other-1.0.dist-info/entry_points.txt", "4") in files(each)
    assert not [row for row in files(each) if row[1].startswith("other") and row[2] == "3"]


def test_programs_by_their_paths(each: Home) -> None:
    tool = each.python.parent / "tool"
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    each.run(
        """\
        import os, pathlib, subprocess, sys
        here = os.path.dirname(sys.executable)
        path = here + os.pathsep + os.environ["PATH"]
        subprocess.run(["tool"], env={"PATH": path})
        subprocess.run([pathlib.Path("/bin/true")])
        subprocess.run("cat </dev/null | true", shell=True)
        os.system("ls >/dev/null")
        subprocess.run("./tool", cwd=here)
        try:
            subprocess.run(["ffmpeg-that-is-missing"])
        except OSError:
            pass
        if os.fork() == 0:
            os.execlp("head", "head", "/dev/null")
        os.wait()
        """,
    )
    found = {item.what: item.by for item in each.events().spawned}
    where = {name: shutil.which(name) for name in ("cat", "ls", "head")}
    lines = {str(tool): 4, "/bin/true": 5, "/bin/sh": 6, where["cat"]: 6, where["ls"]: 7}
    lines |= {"ffmpeg-that-is-missing": 10, where["head"]: 14}
    assert found == {name: f"{each.work}/program.py:{line}" for name, line in lines.items()}


def test_hosts_that_are_tried(each: Home) -> None:
    each.run(
        """\
        import http.client, socket
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            port = server.getsockname()[1]
        print(port)
        for host in ("localhost", "name.invalid"):
            try:
                http.client.HTTPConnection(host, port, timeout=5).request("GET", "/")
            except OSError:
                pass
        try:
            socket.socket(socket.AF_INET6).connect(("::1", 9))
        except OSError:
            pass
        try:
            socket.socket(socket.AF_UNIX).connect("/nowhere")
        except OSError:
            pass
        try:
            socket.gethostbyname(socket.gethostname())
        except OSError:
            pass
        """,
        *(["-W", "ignore"]),
    )
    script = f"{each.work}/program.py"
    found = each.events()
    assert {item.what: item.by for item in found.resolved} == {
        "localhost": f"{script}:8",
        "name.invalid": f"{script}:8",
    }
    connected = {item.what.rpartition(":")[0]: item.by for item in found.connections}
    assert connected.pop("127.0.0.1") == f"{script}:8"
    assert connected == {"[::1]": connected["[::1]"]}


def test_what_an_agent_claims_in_audit_events_harms_nobody(home: Home) -> None:
    home.run(
        """\
        import sys
        for event in ("open", "socket.connect", "socket.getaddrinfo", "os.system", "os.exec"):
            for args in ((), (None,), (object(), 7), ("/x-packages/y", None, "z"), (1, ("h", -1))):
                sys.audit(event, *args)
        sys.audit("socket.connect", None, ("h", 1 << 5000))
        """
    )
    assert home.events().torn == ()


# --- finders and hooks of others -------------------------------------------------------------


@pytest.mark.parametrize(
    "meddle",
    [
        "sys.meta_path.insert(0, Finder())",
        "sys.meta_path[:] = [Finder()]",
        "sys.meta_path = [Finder()]",
        "builtins.__import__ = importlib.__import__",
        "builtins.__import__ = lambda *a, **k: importlib.__import__(*a, **k)",
        "sys.addaudithook(lambda event, args: None)",
    ],
)
def test_whoever_meddles_with_the_import_system(each: Home, meddle: str) -> None:
    each.module("statement")
    each.module("named")
    each.run(
        f"""\
        import builtins, importlib, importlib.machinery, sys

        class Finder:
            find_spec = staticmethod(importlib.machinery.PathFinder.find_spec)

        {meddle}
        import statement
        importlib.import_module("named")
        """
    )
    assert each.knows("statement", "named")
    statement = each.loaded("statement")
    assert statement is not None
    assert statement.by is not None
    assert statement.by.startswith(f"{each.work}/program.py:")


def test_a_loader_that_calls_exec_itself(home: Home) -> None:
    path = home.module("custom", "x = 1")
    home.run(
        f"""\
        import importlib.abc, importlib.util, sys

        class Loader(importlib.abc.Loader):
            def exec_module(self, module):
                self.deeper(compile("x = 1", {str(path)!r}, "exec"), module)
            def deeper(self, code, module):
                exec(code, vars(module))

        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "custom":
                    return importlib.util.spec_from_loader(name, Loader())

        sys.meta_path.insert(0, Finder())
        import custom
        """
    )
    custom = home.loaded("custom")
    assert custom is not None
    assert custom.file == str(path)


def test_code_that_is_run_from_a_file_by_no_import(home: Home) -> None:
    path = home.module("settings", "x = 1")
    home.run(
        f"""\
        path = {str(path)!r}
        exec(compile(open(path).read(), path, "exec"), {{}})
        exec(compile("y = 2", "made up", "exec"), {{}})
        exec("z = 3")
        """
    )
    settings = home.loaded("settings.py")
    assert settings is not None
    assert settings.by == f"{home.work}/program.py:2"
    assert not [item for item in home.events().loaded if "made up" in item.file]


# --- where modules come from -----------------------------------------------------------------


def test_zip_and_namespace_package(each: Home) -> None:
    with zipfile.ZipFile(each.work / "bundle.zip", "w") as bundle:
        bundle.writestr("zipped.py", "")
    each.module("space.inner")
    each.run('import sys; sys.path.append("bundle.zip"); import zipped, space.inner')
    zipped = each.loaded("zipped")
    assert zipped is not None
    assert zipped.file == f"{each.work}/bundle.zip/zipped.py"
    assert each.knows("space.inner")
    assert each.loaded("space") is None
    assert not [item for item in each.events().attempts if item.module == "space" and item.failed]


def test_a_module_without_source_is_named_by_its_own_file(home: Home) -> None:
    home.run(
        f"""\
        import os, py_compile
        open("bare.py", "w").close()
        py_compile.compile("bare.py", {str(home.site / "bare.pyc")!r}, "/elsewhere/bare.py")
        os.remove("bare.py")
        import bare
        """
    )
    bare = home.loaded("bare")
    assert bare is not None
    assert bare.file == str(home.site / "bare.pyc")


def test_a_path_with_dots_is_made_plain(home: Home) -> None:
    (home.work / "lib").mkdir()
    (home.work / "lib" / "dotted.py").touch()
    (home.work / "deep" / "er").mkdir(parents=True)
    (home.work / "link").symlink_to(home.work / "deep" / "er")
    (home.work / "deep" / "through.py").touch()
    home.run(
        """\
        import os, sys
        sys.path[:0] = [os.path.abspath(".") + "/deep/../lib", os.path.abspath(".") + "/link/.."]
        import dotted, through
        """
    )
    files = {item.what: item.file for item in home.events().loaded}
    assert files["dotted"] == f"{home.work}/lib/dotted.py"
    assert files["through"] == f"{home.work}/deep/through.py"
    assert home.events().dropped == 0


@pytest.mark.parametrize(
    "name", ['quo"te', "back\\slash", "ключ", "snow ☃ 🎈", "new\nline", "\udcff"]
)
def test_any_name_comes_out_as_valid_json(home: Home, name: str) -> None:
    folder = home.work / name
    folder.mkdir()
    (folder / "odd.py").touch()
    home.run(f"import sys; sys.path.insert(0, {str(folder)!r}); import odd, json")
    odd = home.loaded("odd")
    if name in {"new\nline", "\udcff"}:
        assert odd is None
        assert home.events().dropped > 0
    else:
        assert odd is not None
        assert odd.file == f"{folder}/odd.py"
    assert home.loaded("json") is not None


def test_a_lazy_module_is_not_woken(home: Home) -> None:
    home.module("heavy", "print('woken')")
    out = home.run(
        """\
        import importlib.util, sys, time
        spec = importlib.util.find_spec("heavy")
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = sys.modules["heavy"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        time.sleep(0.1)
        import colorsys
        """
    )
    assert out == ""


def test_first_look_and_last_look(home: Home) -> None:
    home.install("import colorsys; pruner_tracer.start()")
    home.run(
        """\
        import sys, types
        made = types.ModuleType("made")
        made.__file__ = "/made/up.py"
        sys.modules["made"] = made
        sys.modules["thing"] = object()
        sys.modules["nothing"] = None
        """
    )
    first, made = home.loaded("colorsys"), home.loaded("made")
    assert first is not None
    assert made == Loaded(kind="module", what="made", file="/made/up.py")


# --- processes and threads -------------------------------------------------------------------


def test_a_thread(home: Home) -> None:
    home.module("inside")
    home.run(
        """\
        import threading
        thread = threading.Thread(target=__import__, args=("inside",))
        thread.start()
        thread.join()
        """
    )
    assert home.knows("inside")


def test_forks_under_threads_that_import(home: Home) -> None:
    names = [f"module_{number}" for number in range(200)]
    for name in names:
        home.module(name)
    home.run(
        f"""\
        import importlib, os, threading
        names = {names!r}
        threads = [
            threading.Thread(target=list, args=(map(importlib.import_module, names[at::4]),))
            for at in range(4)
        ]
        for thread in threads:
            thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                import colorsys
                os._exit(0)
            os.waitpid(child, 0)
        for thread in threads:
            thread.join()
        """,
        *(["-W", "ignore"]),
    )
    assert home.knows(*names)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(each: Home, method: str) -> None:
    each.module("inside", "def work():\n    import deeper\n")
    each.module("deeper")
    each.run(
        f"""\
        import multiprocessing

        def work():
            import inside
            inside.work()

        if __name__ == "__main__":
            process = multiprocessing.get_context({method!r}).Process(target=work)
            process.start()
            process.join()
        """
    )
    assert each.knows("inside", "deeper")


def test_a_program_that_replaces_its_process(home: Home) -> None:
    home.module("before")
    home.module("after")
    home.run(
        """\
        import os, sys, before
        os.execve(sys.executable, [sys.executable, "-I", "-c", "import after"], {})
        """
    )
    assert home.knows("before", "after")
    first, second = home.events().processes
    assert first.pid == second.pid
    assert len(home.events().spawned) == 1


@pytest.mark.parametrize(
    "ending", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGTERM)", "os.abort()"]
)
def test_a_sudden_end_right_after_an_import(home: Home, ending: str) -> None:
    home.module("last")
    with home.start(f"import os, signal, last; {ending}") as process:
        process.communicate(timeout=60)
    assert home.knows("last")
    assert home.events().torn == ()


def test_libraries_are_seen_before_a_sudden_end(home: Home) -> None:
    home.run(
        """\
        import ctypes, os, time
        ctypes.CDLL("libm.so.6")
        time.sleep(0.2)
        import colorsys
        os._exit(0)
        """
    )
    (libm,) = (item for item in home.events().loaded if item.what == "libm.so.6")
    assert libm.kind == "library"
    assert libm.by is not None
    assert [item.what for item in home.events().opened] == ["libm.so.6"]


def test_a_lazy_import(tmp_path: Path) -> None:
    """From Python 3.15 on: what is loaded, when it is, by the line that needs it."""
    python = interpreter("3.15")
    if python is None:
        pytest.skip("no Python 3.15 here")
    home = Home(tmp_path, python)
    home.module("used")
    home.module("unused")
    home.module("package.__init__", "lazy import inner\nlazy from outer import x\n")
    home.module("inner")
    home.module("outer", "x = 1\n")
    home.run(
        """\
        lazy import used
        lazy import unused
        lazy from package import inner
        import sys
        assert not {"used", "unused", "package"} & set(sys.modules)

        used.__name__
        inner.__name__
        """
    )
    by = {item.what: item.by for item in home.events().loaded if str(home.site) in item.file}
    program = home.work / "program.py"
    assert by == {"used": f"{program}:7", "package": f"{program}:8", "inner": f"{program}:8"}


def test_a_subinterpreter(each: Home) -> None:
    each.module("inside")
    each.run(
        """\
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        number = interpreters.create()
        interpreters.run_string(number, "import inside")
        interpreters.destroy(number)
        """
    )
    assert each.knows("inside")


# --- what must not happen --------------------------------------------------------------------


def test_no_site_is_invisible(home: Home) -> None:
    home.run("import json", "-S")
    assert home.events() == Events()


@pytest.mark.parametrize("broken", ["missing", "file", "read-only"])
def test_where_nothing_can_be_written_the_agent_does_not_notice(home: Home, broken: str) -> None:
    if broken == "read-only":
        if os.geteuid() == 0:
            pytest.skip("root writes anywhere")
        home.out.chmod(0o555)
    else:
        home.out.rmdir()
    if broken == "file":
        home.out.touch()
    assert home.run("import json; print('fine')") == "fine\n"
    assert not home.out.is_dir() or not list(home.out.iterdir())


def test_a_full_disk_tears_the_end_and_nothing_else(home: Home) -> None:
    home.module("before")
    out = home.run(
        """\
        import before, glob, os, resource
        size = max(os.path.getsize(path) for path in glob.glob("../tracer/out/*.events"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, size + 30))
        import json, colorsys
        print("fine")
        """
    )
    assert out == "fine\n"
    assert home.knows("before")
    assert len(home.events().torn) == 1


def test_a_record_is_bounded(home: Home) -> None:
    home.install("pruner_tracer.MAX_EVENTS = 60; pruner_tracer.start()")
    home.run("import json, asyncio")
    assert len(home.events().torn) == 1
    assert len(home.events().loaded) < 60


def test_descriptors_that_the_agent_closes_and_reuses(home: Home) -> None:
    home.module("after")
    home.run(
        """\
        import os
        os.closerange(3, 256)
        files = [open(f"mine-{n}", "w") for n in range(5)]
        import after
        """
    )
    assert home.knows("after")
    assert {path.stat().st_size for path in home.work.glob("mine-*")} == {0}


def test_a_second_start_does_nothing(home: Home) -> None:
    home.install("pruner_tracer.start(); pruner_tracer.start()")
    home.run(
        "import sys; assert 'pruner_tracer' in sys.modules; import pruner_tracer as p; p.start()"
    )
    assert len(home.events().processes) == 1


def test_an_exception_of_a_signal_handler_reaches_the_agent(home: Home) -> None:
    home.module("target")
    out = home.run(
        """\
        import signal, sys
        import pruner_tracer

        class Late(Exception):
            pass

        def late(number, frame):
            raise Late

        signal.signal(signal.SIGUSR1, late)
        asker = pruner_tracer._asker

        def interrupted(frame):
            signal.raise_signal(signal.SIGUSR1)
            return asker(frame)

        pruner_tracer._asker = interrupted
        try:
            import target
        except Late:
            print("late")
        def broken(frame):
            raise RuntimeError
        broken.__code__ = broken.__code__.replace(co_filename=pruner_tracer.__file__)
        pruner_tracer._asker = broken
        import target
        """
    )
    assert out == "late\n"


def test_what_the_header_says(home: Home) -> None:
    home.run("pass", "-X", "dev", *(["-W", "ignore"]))
    (process,) = home.events().processes
    assert process.executable == str(home.python)
    assert process.prefix == str(home.python.parents[1])
    assert process.python == sysconfig.get_python_version() + f".{sys.version_info[2]}"
    assert process.argv[-1].endswith("program.py")
    (file,) = home.out.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644
