"""The guard as it is shipped, in real interpreters: its two files lie in site-packages."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pruner.document import SCHEMA, Document
from pruner.lock.guard import guard_files
from pruner.model import Distribution, Inventory, OwnedFile, Verdict
from support import VERSIONS, interpreter

SITE = "/env/site-packages"

INSTALLED = {
    "pandas": ["pandas/__init__.py", "pandas/io.py"],
    "google-cloud-storage": ["google/cloud/storage/__init__.py"],
    "google-auth": ["google/auth/__init__.py"],
    "azure-core": ["azure/core/__init__.py"],
    "azure-blob": ["azure/blob/__init__.py"],
}
SHARED = {"google-logging": ["google/cloud/logging/__init__.py"]}
KEPT = {"google-auth", *SHARED}


def files(
    why: str = "nothing needs it", version: str = "2.2.2", more: dict[str, list[str]] | None = None
) -> dict[str, str]:
    """Return the guard of an image in which only what is in KEPT was kept."""
    installed = INSTALLED | (more or {})
    dists = [
        Distribution(
            name=name, version=version, files=tuple(OwnedFile(f"{SITE}/{path}") for path in paths)
        )
        for name, paths in installed.items()
    ]
    verdicts = [
        Verdict(
            name=name,
            version=version,
            verdict="keep" if name in KEPT else "drop",
            level="observed" if name in KEPT else "unused",
            size_bytes=1,
            why=why,
        )
        for name in installed
    ]
    document = Document(
        schema=SCHEMA,
        image="web",
        runtime="local",
        policy="safe",
        python="3.11.2",
        distributions=tuple(verdicts),
    )
    inventory = Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={"python_version": "3.11"},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=tuple(dists),
    )
    return guard_files(document, inventory)


class Shipped:
    """An environment with the guard in it, and the file that it writes."""

    def __init__(self, root: Path, python: str) -> None:
        subprocess.run([python, "-m", "venv", "--without-pip", str(root / "venv")], check=True)
        self.python = root / "venv" / "bin" / "python"
        self.log = root / "missed.jsonl"
        self.program = root / "program.py"
        (self.site,) = root.glob("venv/lib/python3*/site-packages")
        self.install(files())
        self.module("google/auth/__init__.py", "")

    def install(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            (self.site / name).write_text(text)

    def module(self, path: str, text: str) -> None:
        (self.site / path).parent.mkdir(parents=True, exist_ok=True)
        (self.site / path).write_text(textwrap.dedent(text))

    def run(self, program: str, *argv: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a program (arguments instead, where it is empty) with the guard switched on."""
        self.program.write_text(textwrap.dedent(program))
        return subprocess.run(
            [self.python, *(argv or [self.program])],
            env={**os.environ, "PRUNER_GUARD": "1", "PRUNER_GUARD_LOG": str(self.log), **env},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    def says(self, program: str, **env: str) -> str:
        """Return what a program prints; it may print no error."""
        done = self.run(program, **env)
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout.rstrip("\n")

    def lines(self) -> list[dict[str, Any]]:
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def missed(self) -> list[str]:
        return [line["module"] for line in self.lines()]


@pytest.fixture
def here(tmp_path: Path) -> Shipped:
    return Shipped(tmp_path, sys.executable)


@pytest.fixture(params=VERSIONS)
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Shipped:
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")
    return Shipped(tmp_path, python)


ADVICE = (
    '(pruner left out {0} 2.2.2: nothing needs it. To keep it, add "{0}" to keep of images.web'
    " in pruner.toml and run `pruner lock --image web`)"
)
PANDAS = f"No module named 'pandas' {ADVICE.format('pandas')}"
STORAGE = ADVICE.format("google-cloud-storage")


# --- on every Python ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    ["import pandas", "import pandas.io", "from pandas import io", "__import__('pandas')"],
)
def test_an_import_ends_in_one_line_that_says_how_to_keep_it(each: Shipped, statement: str) -> None:
    done = each.run(f"\n{statement}\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: {PANDAS}"
    (line,) = each.lines()
    assert line.pop("time").endswith("Z")
    assert line.pop("pid") > 0
    assert line == {
        "format": "pruner-missed",
        "version": 1,
        "image": "web",
        "kind": "import",
        "module": "pandas",
        "left_out": {"pandas": "2.2.2"},
        "by": f"{each.program}:2",
    }


def test_who_copes_with_its_absence_still_does(each: Shipped) -> None:
    program = """
        import importlib
        for attempt in (
            lambda: __import__("pandas"),
            lambda: importlib.import_module("pandas"),
        ):
            try:
                attempt()
            except ModuleNotFoundError as error:
                print(type(error) is ModuleNotFoundError, error.name)
        try:
            from google.cloud import storage
        except ImportError:
            print("coped")
        """
    assert each.says(program) == "True pandas\nTrue pandas\ncoped"
    assert each.missed() == ["pandas", "pandas", "google.cloud"]


def test_who_only_asks_gets_no_error_and_leaves_no_line(each: Shipped) -> None:
    program = """
        import importlib.util, pkgutil, sys
        print(importlib.util.find_spec("pandas"))
        print([m.name for m in pkgutil.iter_modules() if m.name == "pandas"])
        print([f.find_spec("pandas", None) for f in sys.meta_path if hasattr(f, "find_spec")][-1])
        """
    assert each.says(program) == "None\n[]\nNone"
    assert each.missed() == []


def test_a_submodule_of_a_namespace_that_is_there(each: Shipped) -> None:
    each.module("google/cloud/logging/__init__.py", "")
    each.install(files(more=SHARED))
    program = """
        import google.auth
        try:
            import google.cloud.storage.blob
        except ModuleNotFoundError as error:
            print(error)
        try:
            from google.cloud import storage
        except ImportError as error:
            print(type(error).__name__, error.name, error)
        try:
            from google.cloud import other
        except ImportError as error:
            print("pruner" in str(error))
        module = __import__("google.cloud", fromlist=["storage"])
        print(module.__name__, hasattr(module, "storage"))
        """
    assert each.says(program).splitlines() == [
        f"No module named 'google.cloud.storage' {STORAGE}",
        f"ImportError google.cloud cannot import name 'storage' from 'google.cloud' {STORAGE}",
        "False",
        "google.cloud False",
    ]
    assert set(each.missed()) == {"google.cloud.storage"}


def test_metadata_ends_in_the_same_error_and_a_line(each: Shipped) -> None:
    program = """
        import importlib.metadata as metadata
        for name in ("Pandas", "google_cloud.storage", "other"):
            try:
                metadata.version(name)
            except metadata.PackageNotFoundError as error:
                print(error.args)
        print(len(list(metadata.distributions(name="pandas"))))
        """
    assert each.says(program) == "('Pandas',)\n('google_cloud.storage',)\n('other',)\n0"
    found = [(line["kind"], line["module"], line["by"]) for line in each.lines()]
    assert found == [
        ("metadata", "pandas", f"{each.program}:5"),
        ("metadata", "google-cloud-storage", f"{each.program}:5"),
    ]


def test_the_backport_of_metadata_raises_its_own_class(here: Shipped) -> None:
    """Its lookups by name go through more frames, as those of newer Pythons do."""
    here.module(
        "importlib_metadata/__init__.py",
        """
        import sys
        from importlib.metadata import DistributionFinder
        class PackageNotFoundError(ModuleNotFoundError):
            pass
        def discover(name):
            context = DistributionFinder.Context(name=name)
            for finder in sys.meta_path:
                yield from getattr(finder, "find_distributions", lambda c: ())(context)
        def valid(found):
            return next((d for d in found), None)
        def from_name(name):
            if valid(discover(name)) is None:
                raise PackageNotFoundError(name)
        """,
    )
    program = """
        import importlib_metadata
        try:
            importlib_metadata.from_name("pandas")
        except importlib_metadata.PackageNotFoundError as error:
            print(error)
        print(list(importlib_metadata.discover("pandas")))
        """
    assert here.says(program) == "pandas\n[]"
    assert [(line["kind"], line["by"]) for line in here.lines()] == [
        ("metadata", f"{here.program}:4")
    ]


def test_a_program_that_is_run_by_its_module(each: Shipped) -> None:
    done = each.run("", "-m", "pandas")
    assert done.returncode == 1
    assert PANDAS in done.stderr
    assert [(line["module"], line["by"]) for line in each.lines()] == [("pandas", None)]


@pytest.mark.parametrize("value", ["", "0"])
def test_it_is_not_even_imported_where_it_is_off(each: Shipped, value: str) -> None:
    program = """
        import sys
        print("pruner_guard" in sys.modules, "Guard" in [type(f).__name__ for f in sys.meta_path])
        try:
            import pandas
        except ImportError as error:
            print(error)
        """
    assert each.says(program, PRUNER_GUARD=value) == "False False\nNo module named 'pandas'"
    assert not each.log.exists()


def test_when_on_it_adds_one_finder_and_loads_no_other_module(each: Shipped) -> None:
    program = "import sys; print(*sorted(sys.modules)); print(type(sys.meta_path[-1]).__name__)"
    off, on = (each.says(program, PRUNER_GUARD=value).splitlines() for value in ("0", "1"))
    assert set(on[0].split()) - set(off[0].split()) == {"pruner_guard"}
    assert on[1] == "Guard"


def test_what_a_later_finder_finds_is_not_missing(each: Shipped) -> None:
    program = """
        import sys, importlib.machinery, importlib.abc
        class Late(importlib.abc.Loader):
            def find_spec(self, name, path=None, target=None):
                if name == "pandas":
                    return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, module): module.late = True
        sys.meta_path.append(Late())
        import pandas
        print(pandas.late)
        """
    assert each.says(program) == "True"
    assert each.missed() == []


def test_a_fork_repeats_nothing_and_threads_lose_nothing(each: Shipped) -> None:
    program = """
        import os, threading
        def miss(name):
            try:
                __import__(name)
            except ImportError as error:
                assert "pruner left out" in str(error), error
        miss("pandas")
        for name in ("pandas", "azure"):
            child = os.fork()
            if not child:
                miss(name)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        def many():
            for _ in range(50):
                miss("google.cloud")
        threads = [threading.Thread(target=many) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """
    assert each.says(program) == ""
    found = each.missed()
    assert found[:2] == ["pandas", "azure"]
    assert set(found[2:]) == {"google.cloud"}
    assert len({line["pid"] for line in each.lines()}) == 2


# --- on this Python -------------------------------------------------------------------------------


def test_a_namespace_of_which_nothing_is_left_names_all_that_shared_it(here: Shipped) -> None:
    done = here.run("import azure.blob")
    (line,) = here.lines()
    assert line["left_out"] == {"azure-blob": "2.2.2", "azure-core": "2.2.2"}
    assert "pruner left out azure-blob 2.2.2: nothing needs it; azure-core 2.2.2" in done.stderr


def test_a_star_ends_as_it_does_without_the_guard(here: Shipped) -> None:
    here.install(files(more={"gone": ["google/auth/gone.py"]}))
    here.module("google/auth/__init__.py", "__all__ = ['gone']")
    ends = [here.run("from google.auth import *", PRUNER_GUARD=value) for value in ("0", "1")]
    assert ends[0].stderr == ends[1].stderr
    assert "AttributeError" in ends[0].stderr


HOSTILE = [
    "'); import os; os._exit(7) #",
    "\"\"\"'''; raise SystemExit(7)",
    "\\', (), )}; import os; os._exit(7)",
    "a\nimport os; os._exit(7)\n",
    "\x1b[31m\u202e\ud83d {0} %s",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_the_table_becomes_code(here: Shipped, text: str) -> None:
    here.install(files(why=text, version=text))
    done = here.run("import pandas")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: No module named 'pandas'")
    assert "\x1b" not in done.stderr
    (line,) = here.lines()
    assert line["left_out"]["pandas"].isprintable()


@pytest.mark.parametrize("place", ["folder", "link", "pipe", "missing/file", "/dev/full"])
def test_where_it_cannot_write_it_is_silent(here: Shipped, tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    done = here.run("import pandas", PRUNER_GUARD_LOG=str(tmp_path / place))
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: {PANDAS}"
    assert "During handling" not in done.stderr
    assert (tmp_path / "target").read_text() == ""


def test_a_process_and_the_file_have_their_bounds(here: Shipped) -> None:
    program = """
        for n in range(1100):
            code = compile("\\n" * n + "import pandas", "many.py", "exec")
            try:
                exec(code)
            except ImportError:
                pass
        """
    assert here.says(program) == ""
    assert len(here.lines()) == 1000
    for _ in range(10):
        here.says(program)
    size = here.log.stat().st_size
    assert 1 << 20 <= size < (1 << 20) + 1000


def test_an_application_that_replaces_the_finders_switches_it_off(here: Shipped) -> None:
    done = here.run("import sys; sys.meta_path = sys.meta_path[:-1]\nimport pandas")
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'pandas'"


def test_an_interpreter_that_is_isolated_is_guarded_too(here: Shipped) -> None:
    done = here.run("", "-I", "-c", "import pandas")
    assert done.stderr.splitlines()[-1] == f"ModuleNotFoundError: {PANDAS}"
