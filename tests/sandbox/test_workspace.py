"""Folders of sandboxes that nobody holds, and those that go while they are looked at."""

import os
from pathlib import Path

import pytest

from pruner.sandbox import workspace


def test_a_folder_that_goes_while_it_is_looked_at_is_nobodys_leftover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNER_CACHE", str(tmp_path))
    left, going = (tmp_path / "sandboxes" / name for name in ("1-left", "2-going"))
    for folder in (left, going):
        folder.mkdir(parents=True)
        (folder / workspace.LOCK).touch()
    really = os.open

    def while_it_goes(path: Path, flags: int) -> int:
        if path.parent == going:
            (going / workspace.LOCK).unlink()
            going.rmdir()
        return really(path, flags)

    monkeypatch.setattr(os, "open", while_it_goes)
    assert workspace.abandoned() == [left]
