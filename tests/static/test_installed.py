"""Reading installed files through a cache."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import Memory
from pruner.analysis.installed import Site, Sites, Source
from pruner.inventory.facts import Facts
from pruner.model import Guard, Unreadable
from pruner.static import installed
from pruner.static.installed import Installed, row_of
from pruner.static.lazy import lazy_names
from pruner.static.questions import as_probes, lazy_line

Row = tuple[str, Guard]


def digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def source(path: str, data: bytes, module: str = "a", *, is_package: bool = False) -> Source:
    return Source(
        path=path, module=module, is_package=is_package, sha256=digest(data), size=len(data)
    )


class Disk:
    """Files, and which of them were asked for."""

    def __init__(self, **files: bytes) -> None:
        self.files = {f"/{name}.py": data for name, data in files.items()}
        self.asked: list[list[str]] = []

    def fetch(self, paths: Sequence[str]) -> Mapping[str, bytes | str]:
        self.asked.append(list(paths))
        return {path: self.files.get(path, "gone") for path in paths}


def guards(text: str) -> list[Row]:
    data = text.encode()
    found = Installed(Memory(), Disk(a=data).fetch).sites_of([source("/a.py", data)])["/a.py"]
    assert isinstance(found, Sites)
    return [(site.module, site.guard) for site in found.sites]


def test_a_file_is_read_once_on_a_machine(tmp_path: Path) -> None:
    disk = Disk(a=b"import x\n")
    wanted = [source("/a.py", b"import x\n")]
    answers = []
    for _ in range(2):
        with Facts.open(tmp_path / "facts") as facts:
            answers.append(Installed(facts, disk.fetch).sites_of(wanted))
    assert disk.asked == [["/a.py"]]
    assert answers == [{"/a.py": Sites((Site(1, "x"),))}] * 2


def test_the_same_content_under_another_name_is_another_fact() -> None:
    data = b"from . import y\n"
    disk, cache = Disk(a=data, b=data), Memory()
    reader = Installed(cache, disk.fetch)
    one = reader.sites_of([source("/a.py", data, "p", is_package=True)])
    other = reader.sites_of([source("/b.py", data, "q.m")])
    assert one == {"/a.py": Sites((Site(1, "p", "y"),))}
    assert other == {"/b.py": Sites((Site(1, "q", "y"),))}


def test_a_record_that_lies_does_not_speak_for_another_file() -> None:
    true, false = b"import real\n", b"import fake\n"
    cache, disk = Memory(), Disk(a=false, b=true)
    lying = Source(path="/a.py", module="a", sha256=digest(true), size=1)
    reader = Installed(cache, disk.fetch)
    assert reader.sites_of([lying]) == {"/a.py": Sites((Site(1, "fake"),))}
    assert reader.sites_of([source("/b.py", true)]) == {"/b.py": Sites((Site(1, "real"),))}


def test_a_file_without_a_hash_is_read_every_time() -> None:
    disk = Disk(a=b"import x\n")
    reader = Installed(Memory(), disk.fetch)
    for _ in range(2):
        reader.sites_of([Source(path="/a.py", module="a")])
    assert len(disk.asked) == 2


def test_what_cannot_be_read_is_told_with_its_file_and_line() -> None:
    newer = b"x = 1\ndef f[T: int = bool, **P](): ...\n@@\n"
    disk = Disk(a=newer)
    reader = Installed(Memory(), disk.fetch)
    for _ in range(2):
        found = reader.sites_of([source("/a.py", newer), source("/gone.py", b"")])
        assert isinstance(found["/a.py"], Unreadable)
        assert (found["/a.py"].path, found["/a.py"].line) == ("/a.py", 2)
        assert "read as Python" in found["/a.py"].why
        assert found["/gone.py"] == Unreadable(path="/gone.py", line=1, why="gone")
    assert disk.asked == [["/a.py", "/gone.py"], ["/gone.py"]]


def test_a_damaged_fact_is_read_again() -> None:
    disk, cache = Disk(a=b"import x\n"), Memory()
    reader = Installed(cache, disk.fetch)
    wanted = [source("/a.py", b"import x\n")]
    first = reader.sites_of(wanted)
    cache.rows = dict.fromkeys(cache.rows, b"\xff")
    assert reader.sites_of(wanted) == first


def test_large_installations_are_fetched_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "FETCH_BYTES", 20)
    files = dict.fromkeys("abc", b"import xxx\n")
    disk = Disk(**files)
    Installed(Memory(), disk.fetch).sites_of([source(f"/{n}.py", d, n) for n, d in files.items()])
    assert disk.asked == [["/a.py"], ["/b.py"], ["/c.py"]]


def test_two_processes_find_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"m{n}": f"import x{n}\n".encode() for n in range(60)}
    wanted = [source(f"/{name}.py", data, name) for name, data in files.items()]
    alone = Installed(Memory(), Disk(**files).fetch).sites_of(wanted)
    monkeypatch.setattr(installed, "WORTH_PROCESSES", 1)
    assert Installed(Memory(), Disk(**files).fetch).sites_of(wanted) == alone


@pytest.mark.parametrize(
    "test",
    [
        "is_pandas_available()",
        "utils.is_pandas_available()",
        "is_torch_available() and is_pandas_available()",
        "HAS_PANDAS",
        "_HAVE_PANDAS",
        "config.PANDAS_AVAILABLE",
        "_pandas_available",
        "has_pandas()",
        '"pandas" in sys.modules',
        "not (not is_pandas_available(min_version='1'))",
    ],
)
def test_a_question_for_a_distribution_guards_its_imports_alone(test: str) -> None:
    text = f"if {test}:\n    import pandas.core\n    import other\n"
    assert guards(text) == [("pandas.core", Guard.TRY), ("other", Guard.MODULE)]


def test_a_question_that_was_answered_with_no_guards_nothing() -> None:
    text = "if not is_x_available():\n    import x\nelse:\n    from x import y\n"
    assert guards(text) == [("x", Guard.MODULE), ("x", Guard.TRY)]


def test_a_question_may_be_asked_by_another_name() -> None:
    assert guards("if is_vision_available():\n    import PIL.Image\n") == [("PIL.Image", Guard.TRY)]
    assert guards("if is_torch_npu_available():\n    import torch\n") == [("torch", Guard.TRY)]


def test_a_flag_that_the_file_sets_is_read_and_not_guessed() -> None:
    text = "HAS_X = settings.fast\nif HAS_X:\n    import x\n"
    assert guards(text) == [("x", Guard.MODULE)]
    text = "try:\n    import num\n    HAS_JIT = True\nexcept ImportError:\n    HAS_JIT = False\n"
    assert guards(f"{text}if HAS_JIT:\n    import num\n")[1:] == [("num", Guard.TRY)]


def test_the_function_that_answers_is_no_question() -> None:
    text = "def is_x_available():\n    import x\n"
    assert guards(text) == [("x", Guard.FUNCTION)]


def test_a_text_that_a_question_breaks_is_read_as_it_is() -> None:
    text = "import x\nprint(f\"{is_x_available()}\")\nif a == 'b HAS_X':\n    import x\n"
    assert [module for module, _ in guards(text)] == ["x", "x"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (3, "import sys\n\nsys.modules[__name__] = Lazy()\n"),
        (2, "import lazy_loader as lazy\n__getattr__, _, _ = lazy.attach_stub(__name__, f)\n"),
        (1, "def __getattr__(name):\n    if name in known:\n        return import_module(name)\n"),
        (0, "def __getattr__(name):\n    raise AttributeError\n\nx = import_module('a')\n"),
        (0, "# lazy.attach(a)\n"),
        (0, ""),
    ],
)
def test_packages_that_load_parts_on_demand(line: int, text: str) -> None:
    assert lazy_line(text.encode()) == line


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read_and_lines_stay(data: bytes) -> None:
    assert as_probes(data).count(b"\n") == data.count(b"\n")
    row_of((source("/a.py", data), data, ()))


@pytest.mark.parametrize(
    "line",
    [b"_" * 400_000, b"lazy" * 100_000, b"has_" * 100_000, b"a." * 200_000, b"is_" * 130_000],
    ids=["underscores", "lazy", "has", "dots", "is"],
)
def test_a_text_that_is_made_to_take_long_does_not(line: bytes) -> None:
    # Patterns that look again from every place would take hours: the test's own time limit tells.
    text = b"if " + line + b":\n    import x\n"
    assert as_probes(text).startswith(b"if ")
    assert lazy_line(text) == 0


def test_the_tables_of_a_lazy_package_say_where_its_names_are() -> None:
    text = (
        'A = {"One": (__package__, ".one"), "Two": ".two", "three.x": ["Three", 4], 5: "six"}\n'
        'B = {"Seven": ("a.seven", "Seven"), **A, "Eight": "not a module", "no name": "nine"}\n'
    )
    assert lazy_names(text.encode(), "a") == {
        "One": "a.one",
        "Two": "a.two",
        "Three": "a.three.x",
        "Seven": "a.seven",
    }
    assert lazy_names(b"$", "a") == {}
