"""What words of first-party strings ask for, and what they do not."""

from collections.abc import Iterable, Mapping, Sequence

import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.words import Driver, Known, Words
from pruner.model import Distribution, EntryPoint, Inventory, OwnedFile, SourceFile, SourceTree

SITE = "/env/site-packages"


def dist(
    name: str, *files: str, requires: Sequence[str] = (), offers: Sequence[EntryPoint] = ()
) -> Distribution:
    return Distribution(
        name=name,
        version="1",
        requires=tuple(requires),
        files=tuple(OwnedFile(f"{SITE}/{file}", None, 1) for file in files),
        offers=tuple(offers),
    )


INSTALLED = (
    dist("anyio", "anyio/__init__.py", requires=['trio>1; extra == "trio"', "mock; extra=='test'"]),
    dist("trio", "trio/__init__.py"),
    dist("mock", "mock.py"),
    dist("md", "markdown/__init__.py", offers=[EntryPoint("markdown.extensions", "own", "x:Y")]),
    dist(
        "callouts",
        "callouts/__init__.py",
        "callouts/github.py",
        offers=[
            EntryPoint("markdown.extensions", "boxes", "callouts.github:Boxes [x]"),
            EntryPoint("markdownish.tools", "other", "callouts"),
            EntryPoint("console_scripts", "callouts-run", "callouts:main"),
        ],
    ),
    dist("whisper", "whisper.py"),
    dist("json-log", "jsonlog/__init__.py", "jsonlog/core.py"),
    dist("pymysql", "pymysql/__init__.py"),
)


def asked(
    words: Iterable[str], used: Iterable[str] = (), listed: Iterable[str] = ()
) -> Mapping[str, tuple[str, str]]:
    file = SourceFile(path="app/a.py", module="app.a", texts=dict.fromkeys(words, 3))
    inventory = Inventory(
        python="3.11.2",
        executable="python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=INSTALLED,
        stdlib_modules=frozenset({"logging", "json"}),
    )
    known = Known(
        inventory=inventory,
        ownership=Ownership(inventory),
        used=frozenset(used),
        asked=frozenset(listed),
        drivers=(Driver(user="sqlalchemy", scheme="mysql", module="pymysql"),),
    )
    tree = SourceTree(files={"app/a.py": file}, edges={})
    proofs, modules = Words(tree, ["app/a.py"], {}).needs(known)
    assert set(modules.values()) <= {"app/a.py:3"}
    return {key: (rows[0].kind, rows[0].what) for key, rows in proofs.items()}


@pytest.mark.parametrize(
    "word", ["whisper", "whisper.py", "trio", "boxes", "json.decoder", "app.a"]
)
def test_a_word_alone_needs_nothing(word: str) -> None:
    assert asked([word], listed=["trio", "whisper"]) == {}


def test_an_extra_s_name_means_what_the_image_lists_for_it() -> None:
    found = {"trio": ("extra", "anyio[trio]")}
    assert asked(["trio"], used=["anyio"], listed=["trio"]) == found
    assert asked(["trio"], used=["anyio"]) == {}
    assert asked(["test"], used=["anyio"], listed=["mock"]) == {}


def test_an_entry_point_s_name_counts_where_the_group_s_host_is_used() -> None:
    found = {"callouts": ("entry point", "boxes of markdown.extensions")}
    assert asked(["boxes"], used=["md"]) == found
    assert asked(["boxes"], used=["anyio"]) == {}
    assert asked(["other", "callouts-run", "own"], used=["md"]) == {}
    assert asked(["markdown.extensions"]) == found
    assert asked(["console_scripts"]) == {}


@pytest.mark.parametrize(
    "word", ["jsonlog.core", "jsonlog.core.x", "jsonlog.core:x", "jsonlog:Format", "jsonlog.Format"]
)
def test_a_dotted_name_of_an_installed_module_counts(word: str) -> None:
    assert asked([word]) == {"json-log": ("dotted name", word)}


@pytest.mark.parametrize(
    "word", ["jsonlog.core.A.b", "jsonlog", "jsonlog.txt", "jsonlog.MD", "jsonlog:x"]
)
def test_a_dotted_name_that_is_no_module_does_not(word: str) -> None:
    assert asked([word]) == {}


def test_a_default_driver_counts_where_its_user_is_used() -> None:
    assert asked(["mysql"], used=["sqlalchemy"]) == {"pymysql": ("url", "mysql://")}
    assert asked(["mysql"]) == {}
