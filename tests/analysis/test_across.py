"""One distribution in several images: what is said, what sharing saves, and what may move."""

from collections.abc import Mapping

import pytest

from pruner.analysis.across import (
    MOST,
    Asking,
    Pin,
    Pins,
    differing,
    explained,
    forbidden,
    moved,
    moves,
    parts,
    saved,
    stays,
    tied,
)
from pruner.document import Aligned
from pruner.model import Distribution, Verdict

MARKERS = {"python_version": "3.11", "sys_platform": "linux"}


def pins(given: Mapping[str, tuple[str, int | None]], python: str | None = "3.11") -> Pins:
    return Pins({key: Pin(*value) for key, value in given.items()}, python)


def said(own: Pins, **others: Pins) -> list[str]:
    return [f"{item.where} {item.what}" for item in differing("own", own, others)]


# --- what is said ----------------------------------------------------------------------------


def test_versions_images_and_the_bytes_of_all_images_but_one() -> None:
    found = differing(
        "own",
        pins({"a": ("1.0", 3_000_000), "b": ("2", 5)}),
        {"x": pins({"a": ("1.10", 9_000_000)}), "y": pins({"a": ("1.0", 3_000_000)})},
    )
    assert [(item.code, item.severity, item.where, item.what, item.fix) for item in found] == [
        (
            "PRN130",
            "note",
            "a",
            "is pinned as 1.10 in x, 1.0 in own and y; sharing one version would save 6 MB",
            "`pruner lock --all --align`",
        )
    ]


def test_the_same_release_spelled_otherwise_is_no_difference() -> None:
    assert said(pins({"a": ("1.0", 1)}), x=pins({"a": ("1.0.0", 1)})) == []
    assert said(pins({"a": ("odd!", 1)}), x=pins({"a": ("odd!", 1)})) == []


def test_an_unknown_size_is_said_to_be_unknown() -> None:
    assert said(pins({"a": ("2", 3_000)}), x=pins({"a": ("1", None)}, None)) == [
        "a is pinned as 2 in own, 1 in x; its size in x is unknown"
    ]
    assert said(
        pins({"a": ("2", 3_000)}), x=pins({"a": ("1", None)}), y=pins({"a": ("1", 2_000)})
    ) == [
        (
            "a is pinned as 2 in own, 1 in x and y; sharing one version would save 2 kB and more,"
            " as its size in x is unknown"
        )
    ]


def test_images_of_another_python_share_no_layer() -> None:
    own = pins({"a": ("2", 3_000)})
    other = pins({"a": ("1", 2_000)}, "3.10")
    assert said(own, x=other) == [
        "a is pinned as 2 in own, 1 in x; x: another Python, so no layer is shared"
    ]
    assert said(own, x=other, y=pins({"a": ("1", 1_000)})) == [
        (
            "a is pinned as 2 in own, 1 in x and y; sharing one version would save 1 kB"
            " (x: another Python, so no layer is shared)"
        )
    ]


def test_builds_for_other_machines_are_not_to_be_aligned() -> None:
    own, other = pins({"a": ("2+cpu", 1)}), pins({"a": ("2+cu121", 1)})
    (found,) = differing("own", own, {"x": other})
    assert "--align leaves them" in found.fix


def test_ten_findings_the_largest_first_and_one_that_counts_the_rest() -> None:
    own = pins({f"d{number}": ("1", 1000 * number) for number in range(1, 15)})
    other = pins({f"d{number}": ("2", 1) for number in range(1, 15)})
    found = said(own, x=other)
    assert [line.split()[0] for line in found[:MOST]] == [f"d{n}" for n in range(14, 4, -1)]
    assert found[MOST:] == [
        (
            "other distributions 4 more are pinned differently in several images;"
            " sharing them would save 10 kB"
        )
    ]


def test_many_images_are_counted() -> None:
    others = {f"i{number}": pins({"a": ("1", 1)}) for number in range(6)}
    assert "1 in i0, i1, i2, i3 and 2 more;" in said(pins({"a": ("2", 1)}), **others)[0]


def test_the_copy_that_stays_is_the_newest() -> None:
    assert saved({"x": Pin("9.0", 1), "y": Pin("10.0", 20)}).size_bytes == 1
    assert saved({"x": Pin("9.0", 1)}).size_bytes == 0


# --- what would move -------------------------------------------------------------------------


def test_the_newest_version_that_an_image_has() -> None:
    found = moves({"x": {"a": "1.9", "b": "1"}, "y": {"a": "1.10"}, "z": {"a": "1.10.0", "c": "1"}})
    assert found == {"x": (Aligned(name="a", before="1.9", version="1.10.0", images=("y", "z")),)}


@pytest.mark.parametrize("versions", [("2+cpu", "2+cu121"), ("1", "2+cpu"), ("1", "odd!")])
def test_builds_and_what_is_no_version_do_not_move(versions: tuple[str, str]) -> None:
    assert moves({"x": {"a": versions[0]}, "y": {"a": versions[1]}}) == {}


def test_builds_of_one_label_do() -> None:
    found = moves({"x": {"a": "1+cpu"}, "y": {"a": "2+cpu"}, "z": {"a": "3"}})
    assert [(image, row.version) for image, (row,) in found.items()] == [("x", "2+cpu")]


def test_what_is_needed_exactly_moves_together() -> None:
    dists = [
        Distribution(
            name="torch",
            version="2",
            requires=("Nvidia_A==1; sys_platform=='linux'", "b>=1", "(bad"),
        ),
        Distribution(name="nvidia-a", version="1", requires=("nvidia-c===3",)),
        Distribution(name="other", version="1", requires=("b==1",)),
    ]
    assert tied(["b", "nvidia-a", "nvidia-c", "torch"], dists) == [
        ("b",), ("nvidia-a", "nvidia-c", "torch"),
    ]  # fmt: skip


def test_what_failed_together_is_halved_down_to_single_ones() -> None:
    one, two, three = ("a",), ("b", "c"), ("d",)
    assert parts([one, two, three]) == [[one], [two, three]]
    assert parts([two]) == [[("b",)], [("c",)]]
    assert parts([one]) == []


def ruled_out(targets: Mapping[str, str], *asking: Asking) -> dict[str, str]:
    before = dict.fromkeys(targets, "1")
    return forbidden(targets, before, asking, MARKERS)


def test_what_does_not_move_has_a_say() -> None:
    asks = Asking("user 5", "user", ("A<2", "b"))
    assert ruled_out({"a": "2"}, asks) == {"a": "user 5 asks for a<2"}
    assert ruled_out({"a": "1.5", "b": "9"}, asks) == {}
    assert ruled_out({"a": "2", "user": "6"}, asks) == {}


def test_what_never_held_or_is_for_another_platform_has_none() -> None:
    assert ruled_out({"a": "2"}, Asking("user 5", "user", ("a<1",))) == {}
    assert ruled_out({"a": "2"}, Asking("x:1", "", ("a<2; sys_platform=='win32'",))) == {}


# --- what is said of it ----------------------------------------------------------------------


def verdict(name: str, version: str, why: str, chain: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        name=name,
        version=version,
        verdict="keep",
        level="observed",
        size_bytes=1,
        why=why,
        chain=chain,
    )


def test_every_pin_that_moved_says_why_and_keeps_its_way() -> None:
    before = [verdict("a", "1", "loaded by x", chain=("x:1",)), verdict("b", "1", "so")]
    after = [verdict("a", "2", "used"), verdict("b", "1", "so"), verdict("c", "3", "needed")]
    aligned = (
        Aligned(name="a", before="1", version="2", images=("web",)),
        Aligned(name="c", before="", version="3"),
    )
    found = explained(after, aligned, before)
    assert [row.why for row in found] == [
        "aligned with web, from 1; loaded by x",
        "so",
        "moves along with what was aligned, new here",
    ]
    assert found[0].chain == ("x:1",)
    assert moved(aligned[0]) == "aligned with web, from 1"


def test_what_stays_says_why() -> None:
    note = stays(Aligned(name="a", before="1", version="2", images=("x", "y")), "no")
    assert (note.code, note.severity, note.where) == ("PRN132", "note", "a")
    assert note.what == "stays 1 and does not become 2 as in x and y: no"
