"""What the tests of whole runs share."""

import signal

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a Docker engine where none answers."""
    wanting = [item for item in items if item.get_closest_marker("engine")]
    reason = no_engine() if wanting else ""
    for item in wanting:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
