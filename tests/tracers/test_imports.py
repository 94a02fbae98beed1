"""How modules are imported, and who meddles with it."""

from pathlib import Path

import pytest

from pruner.model import Loaded
from support import interpreter
from traced import Home


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


@pytest.mark.parametrize(
    "statement",
    [
        "import target",
        "from target import value",
        "__import__('target')",
        "importlib.import_module('target')",
        "runpy.run_module('target')",
        "importlib.util.find_spec('target') and importlib.import_module('target')",
        "target = 'target'; exec('import ' + target)",
        "SPEC.loader.exec_module(importlib.util.module_from_spec(SPEC))",
    ],
)
def test_one_way_to_import(each: Home, statement: str) -> None:
    file = each.module("target", "value = 1")
    spec = f"importlib.util.spec_from_file_location('target', {str(file)!r})"
    each.run(f"import importlib.util, runpy\nSPEC = {spec}\n{statement}")
    found = each.loaded("target")
    assert found is not None
    assert (found.kind, found.file) == ("module", str(file))
    by = "<string>:1" if "exec(" in statement else f"{each.work}/program.py:3"
    assert found.by == by


def test_a_second_import_adds_nothing(each: Home) -> None:
    each.module("target")
    each.run("import target, importlib\nimport target\nimportlib.import_module('target')")
    (found,) = (item for item in each.events().loaded if item.what == "target")
    assert found.by == f"{each.work}/program.py:1"
    assert not [item for item in each.events().attempts if item.module == "target"]


def test_a_probe_by_find_spec(each: Home) -> None:
    each.module("there")
    each.run(
        """\
        import importlib.util
        assert importlib.util.find_spec("there")
        assert not importlib.util.find_spec("missing")
        """
    )
    attempts = {item.module: (item.by, item.failed) for item in each.events().attempts}
    assert attempts["there"] == (f"{each.work}/program.py:2", True)
    assert attempts["missing"] == (f"{each.work}/program.py:3", True)
    assert each.loaded("there") is None


@pytest.mark.parametrize(
    "statement", ["import missing.part", "importlib.import_module('missing.part')"]
)
def test_an_import_that_fails(each: Home, statement: str) -> None:
    each.run(
        f"""\
        import importlib
        try:
            {statement}
        except ImportError:
            pass
        """
    )
    (found,) = (item for item in each.events().attempts if item.module == "missing")
    assert (found.by, found.failed) == (f"{each.work}/program.py:3", True)


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
