import os

import pytest

from images import tiny
from pruner.sandbox.tags import Tagged, make_current
from support import client


@pytest.fixture
def image() -> str:
    """Return a name in capitals that no other test uses."""
    return f"Tags-{os.getpid()}"


@pytest.mark.engine
def test_the_tag_moves_to_the_image_of_the_lock(image: str) -> None:
    name = f"pruner/{image.lower()}"
    with tiny(name, "20261125T031503Z", "current") as new, tiny(name, "20261125T031502Z") as old:
        assert client().images.get(f"{name}:current").id == new
        for lock, found in {"20261125T031502Z": old, "20261125T031503Z": new}.items():
            for _ in range(2):
                moved = make_current(image, lock)
                assert moved == Tagged(state="moved", name=f"{name}:current")
                assert client().images.get(f"{name}:current").id == found
        stale = make_current(image, "20261125T0315")
        assert stale == Tagged(state="stale", name=f"{name}:current")
        assert client().images.get(f"{name}:current").id == new


@pytest.mark.engine
def test_nothing_is_done_where_there_is_no_such_image(image: str) -> None:
    none = Tagged(state="none")
    with tiny(f"pruner/{image.lower()}", "20261125T031502Z"):
        assert make_current(image, "20261125T031503Z") == none
    assert make_current(image, "20261125T031502Z") == none
    assert make_current("no..name_", "20261125T031502Z") == none
    assert not client().images.list(f"pruner/{image.lower()}")
