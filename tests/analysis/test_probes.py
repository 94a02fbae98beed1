"""Which lines ask for metadata and cope where there is none."""

from collections.abc import Mapping, Sequence

import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.installed import Sites, Source
from pruner.analysis.probes import coping_lines
from pruner.analysis.spelling import Spelling
from pruner.model import (
    Ask,
    Distribution,
    Guard,
    Inventory,
    OwnedFile,
    SourceFile,
    SourceTree,
    Unreadable,
)

SITE = "/venv/site-packages"
LIBRARY = f"{SITE}/lib/looks.py"
OWN = "/src/app/main.py"


def ask(line: int, guard: Guard, what: str = "", kind: str = "metadata") -> Ask:
    return Ask(kind=kind, what=what, line=line, guard=guard)


def coping(lines: Sequence[str], *asks: Ask, unreadable: bool = False) -> frozenset[str]:
    inventory = Inventory(
        python="3.11.2",
        executable="/venv/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=(Distribution(name="lib", version="1", files=(OwnedFile(LIBRARY, "x", 1),)),),
    )
    tree = SourceTree(
        files={"app/main.py": SourceFile(path="app/main.py", module="app.main", asks=asks)},
        edges={},
    )

    def sites_of(sources: Sequence[Source]) -> Mapping[str, Sites | Unreadable]:
        bad = Unreadable(path=LIBRARY, line=1, why="bad")
        return {each.path: bad if unreadable else Sites(asks=asks) for each in sources}

    spelling = Spelling(Ownership(inventory), tree)
    return coping_lines(lines, inventory, tree, spelling, sites_of)


@pytest.mark.parametrize("path", [LIBRARY, OWN])
def test_a_line_that_copes_in_installed_and_in_own_code(path: str) -> None:
    lines = [f"{path}:3", f"{path}:4", f"{path}:9"]
    assert coping(lines, ask(3, Guard.TRY), ask(4, Guard.FUNCTION)) == {f"{path}:3"}


def test_a_line_that_asks_twice_copes_where_both_do() -> None:
    line = f"{LIBRARY}:3"
    assert coping([line], ask(3, Guard.TRY, "a"), ask(3, Guard.TRY, "b")) == {line}
    assert not coping([line], ask(3, Guard.TRY, "a"), ask(3, Guard.MODULE, "b"))


def test_what_cannot_be_read_or_asks_for_something_else_does_not_cope() -> None:
    assert not coping([f"{LIBRARY}:3"], ask(3, Guard.TRY), unreadable=True)
    assert not coping([f"{LIBRARY}:3"], ask(3, Guard.TRY, kind="script"))
    assert not coping(["/usr/lib/python3.11/x.py:3", "<string>:1"], ask(3, Guard.TRY))
