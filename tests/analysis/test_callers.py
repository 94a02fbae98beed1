"""Whether anything names the function that an import stands in."""

import ast

import pytest

from pruner.analysis.callers import Library, Mentioned, mentioned, uncalled
from pruner.analysis.installed import Source
from pruner.model import SourceFile
from pruner.static.mentions import mentions

FRAMES = """\
def to_frame(graph):
    import pandas
    return pandas.DataFrame(graph)
def table(graph):
    return to_frame(graph)
def walk(graph):
    return graph
class Kept:
    def frame(self):
        import pandas
"""
WISH = ("lib/frames.py", 2)
IN_A_CLASS = ("lib/frames.py", 10)


def left(
    said: Mentioned | str, users: str = "", own: str = "", frames: str = FRAMES
) -> set[tuple[str, int]]:
    """Return which of the two lines nobody calls, where these texts are around them."""
    texts = {"lib/frames.py": frames, "lib/own.py": own, "other/user.py": users}

    inside, outside = (
        tuple(Source(path=path, module=path[:-3]) for path in texts if path.startswith(folder))
        for folder in ("lib/", "other/")
    )
    library = Library(inside, outside, frozenset({"lib"}))
    read = {path: mentions(ast.parse(text)) for path, text in texts.items()}
    names = said if isinstance(said, Mentioned) else Mentioned(frozenset(said.split()))
    return set(uncalled(library, names, read, [WISH, IN_A_CLASS]))


def test_nothing_names_it() -> None:
    assert left("walk Kept frame") == {WISH}


@pytest.mark.parametrize("name", ["to_frame", "table"])
def test_first_party_code_names_it_or_what_leads_to_it(name: str) -> None:
    assert left(f"walk {name}") == set()


@pytest.mark.parametrize(
    "text",
    [
        "from lib import to_frame\n",
        "def f(): lib.table()\n",
        "x = 'lib.frames:table'\n",
    ],
)
def test_another_distribution_names_it(text: str) -> None:
    assert left("walk", users=text) == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("from lib.frames import table\n__all__ = ['table']\n", False),
        ("def nobody(): return table()\n", False),
        ("TABLE = {'x': table}\n", True),
        ("class C:\n    def m(self): return table()\n", True),
        ("def walk(): return table()\n", True),
        ("@hooks.add\ndef nobody(): return table()\n", True),
    ],
)
def test_the_library_itself_names_it(text: str, *, named: bool) -> None:
    assert left("walk", own=text) == (set() if named else {WISH})


@pytest.mark.parametrize("text", ["import lib\ngetattr(lib, x)\n", "import lib\nvars(lib)[x]\n"])
def test_names_that_are_computed(text: str) -> None:
    assert left("walk", users=text) == set()
    assert left("walk", own=text) == set()
    names = mentions(ast.parse(text))
    assert left(Mentioned(frozenset(), names.computed)) == set()


def test_computed_names_of_something_else() -> None:
    text = "import os\ngetattr(os, x)\n"
    assert left("walk", users=text) == {WISH}
    assert left(Mentioned(frozenset(), frozenset({"os"}))) == {WISH}
    assert left(Mentioned(frozenset(), frozenset({""}))) == set()


def test_own_names_that_are_computed_are_those_of_one_file() -> None:
    assert left("walk", frames=f"{FRAMES}def find(x): return globals()[x]\n") == set()
    assert left("walk", own="def find(x): return globals()[x]\n") == {WISH}


def test_a_file_that_cannot_be_read_may_name_anything() -> None:
    library = Library((Source(path="lib/frames.py", module="lib.frames"),), (), frozenset({"lib"}))
    assert uncalled(library, Mentioned(), {}, [WISH]) == {}


def test_with_it_come_the_names_that_would_lead_there() -> None:
    own = "def show(): return table()\ndef walk(): return show\ndef other(): return 1\n"
    texts = {"lib/frames.py": FRAMES, "lib/own.py": own}
    read = {path: mentions(ast.parse(text)) for path, text in texts.items()}
    files = tuple(Source(path=path, module=path) for path in texts)
    found = uncalled(Library(files, (), frozenset({"lib"})), Mentioned(), read, [WISH])
    assert found == {WISH: {"to_frame", "table", "show", "walk"}}


def test_words_of_settings_and_commands_name_as_well() -> None:
    file = SourceFile(path="a.py", module="a", names={"x": 1}, computed=frozenset({"os"}))
    found = mentioned([file], ["lib.frames:table", "--fast", "3"])
    assert found == Mentioned(frozenset({"x", "lib", "frames", "table", "fast"}), frozenset({"os"}))
