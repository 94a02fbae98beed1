"""What the tests of whole runs share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from support import no_engine

# A job in the background ignores Ctrl-C, and so does every program that it starts; pruner keeps to
# that. Tests that interrupt one must not depend on how they were started themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is.
settings.register_profile("pruner", deadline=None)
settings.load_profile("pruner")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups after it
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a Docker engine where none answers; begin with what takes longest.

    With pytest-xdist and `--dist loadgroup` one process runs what needs the engine, since two of
    these at once would wait for it and for the disk, and the files of the rest go to the others.
    """
    wanting = [item for item in items if item.get_closest_marker("engine")]
    reason = no_engine() if wanting else ""
    for item in wanting:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    for item in items:
        alone = item.get_closest_marker("engine") or item.get_closest_marker("gc")
        item.add_marker(pytest.mark.xdist_group("engine" if alone else str(item.path)))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Return 0 for what needs the engine, 1 for other whole runs, 2 for the rest."""
    if item.get_closest_marker("engine") or item.get_closest_marker("gc"):
        return 0
    return 1 if item.path.parent == Path(__file__).parent else 2
