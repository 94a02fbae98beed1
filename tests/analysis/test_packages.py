"""Whose Debian packages the files are that agents used, or that what stays asks for."""

from pruner.analysis.packages import MOST_FILES, Used, with_files
from pruner.document import SystemPackage


def test_files_are_seen_or_else_asked_for_and_bounded() -> None:
    rows = [
        SystemPackage(name=name, version="1", size_bytes=1, base=False)
        for name in ("libx", "liby", "tool")
    ]
    seen = frozenset(f"/x/{n}" for n in range(MOST_FILES + 3))
    files = Used(seen=seen, linked=frozenset(["/x/0", "/y"]))
    owners = {**dict.fromkeys(seen, "libx"), "/y": "liby", "/z": "tool"}
    found = {row.name: row for row in with_files(rows, owners, files, {"liby"})}
    assert len(found["libx"].seen) == MOST_FILES
    assert found["libx"].linked == ()
    assert (found["liby"].linked, found["liby"].base) == (("/y",), True)
    assert (found["tool"].seen, found["tool"].linked) == ((), ())
