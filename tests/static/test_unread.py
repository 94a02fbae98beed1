import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pruner.model import Unreadable
from pruner.static.sites import import_sites, scan
from pruner.static.values import Scan

UNREADABLE = [
    (b"a\nx = = 1\n", 2, "invalid syntax"),
    (b"import a\n\x00\n", 2, "null byte"),
    ("import a\n\0\n", 2, "null byte"),
    (b"# coding: no-such-codec\n", 1, "no-such-codec"),
    (b"x = '\xff'\n", 1, "utf-8"),
    (b"lazily import a\n", 1, "invalid syntax (read as Python"),
    (b"(" * 5000, 1, ""),
]


@pytest.mark.parametrize(("text", "line", "why"), UNREADABLE)
def test_what_cannot_be_read_says_where_and_why(text: str | bytes, line: int, why: str) -> None:
    result = scan(text, "a.py", "a", is_package=False)
    assert isinstance(result, Unreadable)
    assert (result.path, result.line) == ("a.py", line)
    assert why in result.why
    assert import_sites(text, "a.py", "a", is_package=False) == ()


READABLE = [
    "\ufeffimport x",
    b"\xef\xbb\xbfimport x",
    b"# -*- coding: latin-1 -*-\ns = '\xe9'\nimport x",
    b"# coding: cp1251\nimport x",
    b"s = '\\d'\nimport x",
    b"import x\r\ny = 1\r\n",
    b"import x\ny = " + b"1 + " * 400 + b"1",
    b"import x, importlib\nimportlib.import_module(" + b"'a' + " * 400 + b"'b')",
    b"import x\nif a:\n pass\n" + b"elif a:\n pass\n" * 2000,
    b"try:\n import x\nexcept ImportError:\n if a:\n  raise\n" + b" elif a:\n  raise\n" * 2000,
    b"import x\nif " + b"not " * 190 + b"a:\n pass",
]


@pytest.mark.parametrize("text", READABLE)
def test_what_can_be_read(text: str | bytes) -> None:
    sites = import_sites(text, "a.py", "a", is_package=False)
    assert "x" in {site.module for site in sites}


FRAGMENTS = st.sampled_from(
    [
        *(
            "import a",
            "from . import b",
            "from ..c import d",
            "from x import *",
            "import importlib",
        ),
        *("try:", "except ImportError:", "else:", "finally:", "raise", "match a:", "case _:"),
        *("if TYPE_CHECKING:", "if __name__ == '__main__':", "if find_spec('')", "class A:"),
        *("def f(a='b'):", "lambda a: ", "for m in ('a', 'b'):", "with suppress(ImportError):"),
        *("NAME = 'x'", "NAME", "None", "(", ")", "{", "}", "=", ",", "'..'", "'.'", "f'{a}.b'"),
        *("\n", "\n    ", "\n        ", "__import__('m')", "importlib.import_module("),
        *("importlib.import_module(NAME, __package__)", "importlib.import_module('.'*9, 'a')"),
    ]
)


@given(
    st.one_of(st.text(), st.binary(), st.lists(FRAGMENTS, max_size=25).map("".join)), st.booleans()
)
@example("import importlib\nimportlib.import_module('')", False)  # noqa: FBT003
@example("import importlib\nimportlib.import_module('.', '.')", False)  # noqa: FBT003
def test_no_text_raises(text: str | bytes, is_package: bool) -> None:  # noqa: FBT001
    result = scan(text, "a/b.py", "a.b", is_package=is_package)
    assert isinstance(result, Scan | Unreadable)
    if isinstance(result, Scan):
        assert all(site.module and site.line > 0 and site.file == "a/b.py" for site in result.sites)


NAMES = st.sampled_from(["a", "b.c", ".", "..d", "e:f", "", "a..b", "__main__"])
NAMED = st.builds(
    "{} = {!r}\n{}({}, {})\n".format,
    st.sampled_from("xy"),
    NAMES,
    st.sampled_from(["im", "__import__", "runpy.run_module", "pkgutil.resolve_name"]),
    st.sampled_from(["x", "y", "f'{x}.{y}'", "x + y", "[x, y][0]", "z"]),
    st.sampled_from(["x", "'p.q'", "__package__", "fromlist=[x, y]", "level=2", "*z", "**z"]),
)


@given(st.lists(NAMED, max_size=4).map("".join))
def test_no_dynamic_import_raises(text: str) -> None:
    head = "import importlib, runpy, pkgutil\nim = importlib.import_module\n"
    result = scan(head + text, "a/b.py", "a.b", is_package=False)
    assert isinstance(result, Scan)
    for site in result.sites:
        assert "" not in site.module.split(".")


def test_own_sources_give_the_imports_that_ast_sees() -> None:
    with open(__file__, "rb") as file:  # noqa: PTH123  as bytes, with whatever it holds
        text = file.read()
    imports = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom | ast.Import)
    ]
    found = import_sites(text, "t.py", "t", is_package=False)
    assert len([site for site in found if not site.dynamic]) == sum(
        len(each.names) for each in imports
    )
