import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pruner.document import SCHEMA, Document
from pruner.lock.guard import LONGEST, fill, gone, guard_files
from pruner.model import Distribution, Inventory, OwnedFile, Verdict

SITE = "/env/lib/python3.11/site-packages"
TEMPLATE = 'IMAGE: x\nIMAGE = ""\nLEFT_OUT = {}\nend\n'


def dist(name: str, *paths: str) -> Distribution:
    return Distribution(name=name, version="1", files=tuple(map(OwnedFile, paths)))


def inventory(*dists: Distribution, python: str = "3.11") -> Inventory:
    return Inventory(
        python=f"{python}.2",
        executable="/env/bin/python",
        markers={"python_version": python},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        stdlib_modules=frozenset({"json", "typing"}),
        distributions=dists,
    )


def document(*names: str, version: str = "1", why: str = "no", image: str = "web") -> Document:
    """Return a document that leaves out these and keeps `kept`."""
    rows = [
        Verdict(name=name, version=version, verdict=verdict, level="x", size_bytes=1, why=why)
        for verdict, listed in (("drop", names), ("keep", ("kept",)))
        for name in listed
    ]
    return Document(
        schema=SCHEMA,
        image=image,
        runtime="local",
        policy="safe",
        python="3.11.2",
        distributions=tuple(rows),
    )


def names(dropped: dict[str, list[str]], kept: list[str]) -> dict[str, list[str]]:
    """Return what went with each distribution, from paths below site-packages."""
    dists = [
        dist(name, *(f"{SITE}/{path}" for path in paths))
        for name, paths in ({"kept": kept} | dropped).items()
    ]
    found = gone(document(*dropped), inventory(*dists))
    return {name: list(modules) for name, modules in found.items()}


@pytest.mark.parametrize(
    ("dropped", "kept", "expected"),
    [
        (["a/__init__.py", "a/b.py", "a/c/__init__.py"], [], ["a"]),
        (["six.py", "__pycache__/six.cpython-311.pyc", "six-1.dist-info/RECORD"], [], ["six"]),
        (["_x.cpython-311-x86_64-linux-gnu.so", "x.libs/libz.so.1"], [], ["_x"]),
        (["whisper.py"], ["whisper/__init__.py"], []),
        (["cv2/__init__.py", "cv2/gui.so"], ["cv2/__init__.py"], ["cv2.gui"]),
        (["google/cloud/storage/__init__.py"], [], ["google"]),
        (["google/cloud/storage/__init__.py"], ["google/auth/__init__.py"], ["google.cloud"]),
        (
            ["google/cloud/storage/__init__.py", "google/api/x.py"],
            ["google/cloud/log.py"],
            ["google.api", "google.cloud.storage"],
        ),
        (["shared/a.py"], ["shared/data/x.json"], ["shared.a"]),
        (["typing.py", "json/extra.py", "other.py"], [], ["other"]),
        (["a.py"], ["a.egg-info/PKG-INFO"], ["a"]),
        (["../../../bin/tool.py", "my-tool/x.py", "readme.txt"], [], []),
    ],
)
def test_only_the_topmost_names_that_nothing_kept_provides(
    dropped: list[str], kept: list[str], expected: list[str]
) -> None:
    assert names({"gone": dropped}, kept) == {"gone": expected}


def test_all_that_shared_a_folder_of_which_nothing_is_left_are_named() -> None:
    both = {"one": ["ns/one.py"], "two": ["ns/two.py"]}
    assert names(both, []) == {"one": ["ns"], "two": ["ns"]}


def table(text: str) -> tuple[str, Any]:
    """Return the image and the table of a module; there may be nothing else in it but literals."""
    body = ast.parse(text).body
    values = [ast.literal_eval(node.value) for node in body if isinstance(node, ast.Assign)]
    assert len(body) == 4, text
    image, left_out = values
    return image, left_out


def test_the_table_is_sorted_and_says_version_and_reason() -> None:
    dists = [dist("b", f"{SITE}/b.py"), dist("a", f"{SITE}/a/__init__.py", f"{SITE}/a2.py")]
    text = fill(TEMPLATE, document("b", "a"), inventory(*dists))
    assert text == (
        "IMAGE: x\nIMAGE = 'web'\nLEFT_OUT = {\n"
        "    'a': ('1', 'no', ('a', 'a2')),\n"
        "    'b': ('1', 'no', ('b',)),\n"
        "}\nend\n"
    )
    assert table(text)[1]["a"] == ("1", "no", ("a", "a2"))


def test_where_nothing_was_left_out_the_table_is_empty() -> None:
    assert table(fill(TEMPLATE, document(), inventory(dist("kept")))) == ("web", {})


@given(st.text(max_size=300), st.text(min_size=1, max_size=300), st.text(max_size=20))
def test_no_text_leaves_its_literal(version: str, why: str, name: str) -> None:
    text = fill(TEMPLATE, document(name, version=version, why=why, image=name), inventory())
    assert text.isascii()
    assert len(text.splitlines()) == 6
    image, left_out = table(text)
    assert image.isprintable()
    ((key, (said, reason, modules)),) = left_out.items()
    assert all(part.isprintable() and len(part) <= LONGEST for part in (key, said, reason))
    assert modules == ()


def test_a_template_without_its_places_is_a_bug() -> None:
    for text in ('IMAGE = ""\n', "LEFT_OUT = {}\n"):
        with pytest.raises(ValueError, match="no place"):
            fill(text, document(), inventory())


def test_a_start_file_is_written_only_for_a_python_that_runs_no_other() -> None:
    for python, there in (("3.8", False), ("3.17", False), ("3.18", True)):
        files = guard_files(document(), inventory(python=python))
        assert ("pruner_guard.start" in files) is there
        assert {"pruner_guard.py", "pruner_guard.pth"} <= set(files)
