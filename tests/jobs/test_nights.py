"""What earlier nights used, by the history."""

from pathlib import Path
from typing import Any

import pytest

from pruner.config import Config, parse
from pruner.document import Document
from pruner.drift.verdicts import unneeded
from pruner.history import History, Run
from pruner.jobs.nights import nights
from pruner.model import Verdict

CONFIG = """\
[images.web]
requirements = ["requirements.txt"]
[[images.web.agents]]
name = "web"
module = "web"
ready = { exit = 0 }
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse(CONFIG, tmp_path / "pruner.toml")


def row(name: str, level: str = "reachable", **more: Any) -> Verdict:  # noqa: ANN401
    return Verdict(
        name=name, version="1", verdict="keep", level=level, size_bytes=10, why="x", **more
    )


DOCUMENT = Document(
    schema=1,
    image="web",
    runtime="local",
    policy="minimal",
    python="3.11.2",
    distributions=(row("idna", "observed"), row("six"), row("kept"), row("web", own=".")),
)


def record(config: Config, day: int, *needed: str) -> None:
    at = f"2026-11-{day:02}T03:00:00Z"
    run = Run(at=at, command="drift", image="web", outcome="ok", exit=0, needed=needed)
    with History.opened(config.root) as history:
        history.record(run)


def test_nothing_is_said_without_enough_nights(config: Config) -> None:
    image = config.images["web"]
    for day in (1, 2, 2, 2):
        record(config, day, "idna==1")
    record(config, 3)  # a run that used nothing is none to go by
    assert nights(config, image, 3) == ()
    record(config, 4, "idna==1", "six==1")
    assert nights(config, image, 3) == (
        frozenset({"idna", "six"}),
        frozenset({"idna"}),
        frozenset({"idna"}),
    )
    assert nights(config, image, 2) == (frozenset({"idna", "six"}), frozenset({"idna"}))


def test_what_no_night_used() -> None:
    past = [frozenset({"idna"}), frozenset({"idna"})]
    (finding,) = unneeded(DOCUMENT, past, {"kept"})
    assert (finding.code, finding.severity, finding.size_bytes) == ("PRN575", "note", 10)
    assert finding.what == "six 1 is kept (reachable), and no run of 2 nights used it"
    assert list(unneeded(DOCUMENT, (), ())) == []
