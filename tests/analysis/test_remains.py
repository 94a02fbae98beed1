"""What a minimal image still holds that no run has used."""

from pruner.analysis.remains import remains
from pruner.model import Conflict, Verdict


def row(name: str, level: str, size: int, verdict: str = "keep") -> Verdict:
    return Verdict(
        name=name, version="1", verdict=verdict, level=level, size_bytes=size, why="so", proof=()
    )


def test_what_stays_unused_the_largest_first() -> None:
    rows = [
        row("used", "observed", 9),
        row("small", "reachable", 1),
        row("large", "declared", 5),
        row("gone", "unused", 7, "drop"),
        row("nvidia-cudnn-cu12", "linked", 9),
    ]
    assert [(each.name, each.level) for each in remains(rows, ())] == [
        ("large", "declared"),
        ("small", "reachable"),
    ]
    assert [each.name for each in remains(rows, (), {"large"})] == ["small"]


def test_what_stays_for_a_rival_that_was_used_is_used() -> None:
    rows = [row("cv", "observed", 9, "drop"), row("cv-headless", "declared", 8)]
    rows += [row("idle", "guarded", 9, "drop"), row("idle-gpu", "reachable", 7)]
    conflicts = [
        Conflict(
            kind="files", distributions=(drop, keep), why="", settled=True, keep=keep, drop=(drop,)
        )
        for keep, drop in (("cv-headless", "cv"), ("idle-gpu", "idle"))
    ]
    assert [each.name for each in remains(rows, conflicts)] == ["idle-gpu"]
