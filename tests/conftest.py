"""What the tests of whole runs share."""

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from support import Write, no_engine

# A job in the background ignores Ctrl-C, and so does every program that it starts; pruner keeps to
# that. Tests that interrupt one must not depend on how they were started themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is.
settings.register_profile("pruner", deadline=None)
settings.load_profile("pruner")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a small project: text by path."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a Docker engine where none answers."""
    wanting = [item for item in items if item.get_closest_marker("engine")]
    reason = no_engine() if wanting else ""
    for item in wanting:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
