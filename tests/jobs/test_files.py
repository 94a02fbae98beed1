"""Writing files: what a killed writer has left goes, what a living one has begun stays."""

import os
from pathlib import Path

from pruner.files import write


def test_what_a_killed_writer_left_goes_with_the_next_file(tmp_path: Path) -> None:
    left, begun = tmp_path / ".a.json.abcd1234.pruner", tmp_path / ".b.json.abcd1234.pruner"
    mine = [tmp_path / name for name in (".a.json", "a.pruner", ".notes.pruner", ".pruner")]
    for path in (left, begun, *mine):
        path.touch()
    for path in (left, *mine):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    write(tmp_path / "c.json", "{}")
    assert sorted(tmp_path.iterdir()) == sorted([begun, *mine, tmp_path / "c.json"])
