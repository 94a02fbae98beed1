"""The search for what builds a release, on builds that answer as told."""

from datetime import UTC, datetime
from pathlib import Path

from pruner.sandbox.building import (
    Built,
    Recipe,
    Source,
    as_constraints,
    find_recipe,
    moments,
    oldest,
    unpacked,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
OLD = Source("old", "1", "old==1", datetime(2023, 11, 17, tzinfo=UTC))
NEW = Source("new", "1", "new==1", datetime(2025, 12, 1, tzinfo=UTC))


def test_moments_go_back_to_the_newest_release() -> None:
    assert [moment and moment.year for moment in moments([OLD], NOW)] == [
        None,
        2025,
        2024,
        2023,
        2023,
    ]
    assert [moment and moment.day for moment in moments([OLD, NEW], NOW)] == [None, 2]
    unknown = Source("unknown", "1", "unknown==1")
    assert len(list(moments([unknown], NOW))) == 13


def _tools(_: Source, bound: str, before: datetime | None) -> Built:
    """Stand for a backend that broke old releases in 2025."""
    year = before.year if before else 2026
    return Built(ok=year < 2025, used={"tools": str(year)}, said=f"broken in {year} {bound}")


def test_the_newest_that_builds_is_taken() -> None:
    recipe = find_recipe([OLD], _tools, NOW)
    assert isinstance(recipe, Recipe)
    assert (recipe.pins, recipe.used) == ({"tools": "2024"}, {"old": {"tools": "2024"}})
    assert recipe.before is not None


def test_what_is_said_first_is_the_reason() -> None:
    failing = Built(ok=False, said="no compiler")
    assert find_recipe([OLD], lambda *_: failing, NOW) == "old==1: no compiler"


def test_two_releases_share_the_older_tools_where_both_build_with_them() -> None:
    def build(source: Source, bound: str, _: datetime | None) -> Built:
        own = {"old": {"tools": "9", "a": "1"}, "new": {"tools": "10", "b": "1"}}[source.name]
        return Built(ok=True, used={**own, "tools": "9"} if bound else own)

    recipe = find_recipe([OLD, NEW], build, NOW)
    assert isinstance(recipe, Recipe)
    assert recipe.pins == {"a": "1", "b": "1", "tools": "9"}
    assert recipe.used["new"] == {"tools": "9", "b": "1"}


def test_versions_are_compared_as_such() -> None:
    assert oldest([{"a": "10"}, {"a": "9", "b": "x"}]) == {"a": "9", "b": "x"}
    assert as_constraints({"a": "9"}) == "a==9\n"


def test_what_is_vendored_in_another_is_no_build_requirement(tmp_path: Path) -> None:
    for name in (
        "archive/1/setuptools-80.dist-info",
        "archive/1/setuptools/_vendor/wheel-0.46.dist-info",
        "archive/2/Made_Here-1.0.dist-info",
        "archive/3/flit_core-3.12.0.dist-info",
    ):
        (tmp_path / name).mkdir(parents=True)
    assert unpacked(tmp_path, "made-here") == {"setuptools": "80", "flit-core": "3.12.0"}
