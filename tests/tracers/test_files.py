"""Where modules and libraries come from, and how their files are named."""

import os
import subprocess
import zipfile

import pytest

from traced import Home


def test_a_module_in_a_zip(each: Home) -> None:
    with zipfile.ZipFile(each.work / "bundle.zip", "w") as bundle:
        bundle.writestr("zipped.py", "")
    each.run('import sys; sys.path.append("bundle.zip"); import zipped')
    zipped = each.loaded("zipped")
    assert zipped is not None
    assert zipped.file == f"{each.work}/bundle.zip/zipped.py"


def test_a_namespace_package(each: Home) -> None:
    each.module("space.inner")
    each.run("import space.inner")
    assert each.knows("space.inner")
    assert each.loaded("space") is None
    assert not [item for item in each.events().attempts if item.module == "space" and item.failed]


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


def test_a_library_that_ctypes_opens(each: Home) -> None:
    each.run("import ctypes\nctypes.CDLL('libm.so.6')")
    by = f"{each.work}/program.py:2"
    assert [(item.what, item.by) for item in each.events().opened] == [("libm.so.6", by)]
    (libm,) = (item for item in each.events().loaded if item.what == "libm.so.6")
    assert (libm.kind, libm.by) == ("library", by)


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
