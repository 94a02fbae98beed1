"""Import statements of texts that no grammar here reads."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.model import Guard
from pruner.static.sites import scan
from pruner.static.unparsed import import_statements
from pruner.static.values import Scan

NEWER = """\
import a, b.c as d
$ what the next Python may know
if a: import e; x = 1
def f[T](x: T):
    from .g import (h,  # why
        i)
    text = "import never"
from . import j
class K: import l
lazy from m import n
"""


def test_each_statement_stands_on_its_line() -> None:
    found = import_statements(NEWER.encode())
    assert found.split("\n") == [
        "import a , b . c as d",
        "",
        "def _(): import e",
        "",
        "def _(): from . g import ( h , i )",
        "",
        "",
        "from . import j",
        "def _(): import l",
        "def _(): from m import n",
    ]


def test_a_file_of_a_newer_python_has_its_imports() -> None:
    result = scan(NEWER, "p/m.py", "p.m", is_package=False)
    assert isinstance(result, Scan)
    assert result.unread is not None
    assert (result.unread.path, result.unread.line) == ("p/m.py", 2)
    rows = [(site.line, site.module, site.symbol, site.guard) for site in result.sites]
    assert rows == [
        (1, "a", None, Guard.MODULE),
        (1, "b.c", None, Guard.MODULE),
        (3, "e", None, Guard.FUNCTION),
        (5, "p.g", "h", Guard.FUNCTION),
        (5, "p.g", "i", Guard.FUNCTION),
        (8, "p", "j", Guard.MODULE),
        (9, "l", None, Guard.FUNCTION),
        (10, "m", "n", Guard.FUNCTION),
    ]


@pytest.mark.parametrize("text", ["", "$", "import", "from a import", "x = 'import a'", "(" * 99])
def test_what_has_no_whole_statement_has_none(text: str) -> None:
    assert import_statements(text.encode()).strip() == ""


@given(st.text(alphabet="import from.a,(;:)\\\n\t '\"#{}=é", max_size=200))
def test_whatever_comes_is_parsed(text: str) -> None:
    ast.parse(import_statements(text.encode()))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_raise_nothing(data: bytes) -> None:
    ast.parse(import_statements(data))
