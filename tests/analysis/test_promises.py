"""What metadata asks for and is not so: told apart from what was left out on purpose."""

from collections.abc import Mapping

from pruner.analysis.promises import broken_promises
from pruner.model import Conflict, Distribution, Inventory, Verdict


def found(requires: Mapping[str, tuple[str, ...]], *drop: str, **versions: str) -> list[str]:
    dists = tuple(
        Distribution(name=name, version=version, requires=requires.get(name, ()))
        for name, version in versions.items()
    )
    inventory = Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={"python_version": "3.11", "sys_platform": "linux"},
        site_dirs=("/env/site-packages",),
        stdlib_dirs=(),
        distributions=dists,
    )
    rows = [
        Verdict(
            name=dist.key,
            version=dist.version,
            verdict="drop" if dist.key in drop else "keep",
            level="unused",
            size_bytes=0,
            why="…",
        )
        for dist in dists
    ]
    conflicts: tuple[Conflict, ...] = broken_promises(inventory, rows)
    assert all(row.settled and row.kind == "metadata" for row in conflicts)
    return [row.why.partition(";")[0] for row in conflicts]


def test_a_version_that_does_not_fit() -> None:
    requires = {"a": ("B-x<2,>=1", "c", "d>=1")}
    assert found(requires, a="1", b_x="2.1", c="0.1", d="1.0") == [
        "a 1 asks for b-x<2,>=1, and 2.1 is here"
    ]


def test_one_that_is_not_installed() -> None:
    assert found({"a": ("b",)}, a="1") == ["a 1 asks for b, which is not installed"]


def test_what_was_left_out_on_purpose_is_not_told_here() -> None:
    assert found({"a": ("b",)}, "b", a="1", b="1") == []
    assert found({"a": ("b>=2",)}, "a", a="1", b="1") == []


def test_other_platforms_extras_and_lines_that_no_tool_reads() -> None:
    requires = {"a": ('b; sys_platform == "win32"', 'c; extra == "all"', "d (>=1", "e>=1.0rc1")}
    assert found(requires, a="1", e="1.0rc2") == []
