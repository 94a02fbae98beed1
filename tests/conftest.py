"""What the tests of whole runs share."""

import pytest

from support import no_engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a Docker engine where none answers."""
    wanting = [item for item in items if item.get_closest_marker("engine")]
    reason = no_engine() if wanting else ""
    for item in wanting:
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
