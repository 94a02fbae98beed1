"""What a text mentions: functions apart from what runs when it is loaded."""

import ast

import pytest

from pruner.analysis.callers import OWN, UNKNOWN, Mentions
from pruner.static.mentions import lines, mentions


def read(text: str) -> Mentions:
    return mentions(ast.parse(text))


def apart(text: str) -> dict[str, frozenset[str]]:
    return {each.name: each.names for each in read(text).functions}


def test_functions_have_their_own_names() -> None:
    text = (
        "x = one()\ndef f(a=two, *, b: three = 1):\n    '''four'''\n    def g(): return five.six\n"
    )
    found = read(text)
    assert found.names == {"one", "two", "three"}
    (function,) = found.functions
    assert (function.name, function.first, function.last) == ("f", 2, 4)
    assert function.names == {"five", "six"}
    assert found.every() == {"one", "two", "three", "five", "six"}


def test_strings_name_and_docstrings_do_not() -> None:
    text = (
        '"""one"""\nx = "two.three:four"\ndef f():\n    "five"\n    return {"six": f"{x}_seven"}\n'
    )
    found = read(text)
    assert found.names == {"two", "three", "four"}
    assert apart(text) == {"f": {"six", "_seven", "x"}}


def test_what_a_module_offers_names_nothing() -> None:
    text = "__all__ = ['a']\n__all__ += ['b']\n__all__.append('c')\n__all__: list = ['d']\n"
    assert read(text).names <= {"list"}


def test_what_is_imported_is_told_apart() -> None:
    found = read("from a import b, c as d\nimport e.f as g\ndef h():\n    from i import j\n")
    assert found.taken == {"b", "c", "j"}
    assert found.names == {"c", "f"}  # who mentions d or g means these


@pytest.mark.parametrize(
    "text",
    [
        "@functools.lru_cache(None)\ndef f(): one\nimport functools\n",
        "from other import plain\n@plain\n@plain('x')\nasync def f(): one\n",
        "if x:\n    def f(): one\n",
        "try:\n    pass\nexcept OSError:\n    def f(): one\n",
        "with x:\n    def f(): one\n",
    ],
)
def test_these_functions_are_called_by_their_names(text: str) -> None:
    assert apart(text) == {"f": {"one"}}


@pytest.mark.parametrize(
    "text",
    [
        "@app.command()\ndef f(): one\n",
        "from other import table\n@table.register(int)\ndef f(): one\n",
        "from other import register_lazy\n@register_lazy\ndef f(): one\n",
        "@table['x']\ndef f(): one\n",
        "def __getattr__(name): one\n",
        "def _(name): one\n",
        "class A:\n    def f(self): one\n",
        "for x in y:\n    def f(): one\n",
        "f = lambda: one\n",
    ],
)
def test_these_may_be_called_by_something_else(text: str) -> None:
    found = read(text)
    assert found.functions == ()
    assert "one" in found.names


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("getattr(x, 'name')", set()),
        ("getattr(self, name)\ngetattr(cls.x, name)", set()),
        ("getattr(x, name)", {UNKNOWN}),
        ("import a.b as c\ngetattr(c.d, 'to_' + name, None)", {"a"}),
        ("import a\ndef f():\n    vars(a)[name]", {"a"}),
        ("import a\na.__dict__[name]\na.__dict__['x']", {"a"}),
        ("globals()[name]", {OWN}),
        ("globals().get(name)\nglobals().get('x')", {OWN}),
        ("getattr(sys.modules[__name__], name)", {OWN}),
        ("getattr(sys.modules[name], 'x' + y)", {UNKNOWN}),
        ("operator.attrgetter(name)(x)", {UNKNOWN}),
        ("eval(text)", {UNKNOWN}),
        ("frame.eval(text)", set()),
        ("x[name]\nx.get(name)", set()),
    ],
)
def test_names_that_the_text_does_not_have(text: str, computed: set[str]) -> None:
    assert read(text).computed == computed


def test_lines_of_names() -> None:
    text = "'one'\nfrom a import b, c as d\n@e\ndef f(x=2):\n    return b.g('h.i', x)\nb\n"
    assert lines(ast.parse(text)) == {"b": 2, "c": 2, "e": 3, "g": 5, "h": 5, "i": 5, "x": 5}
