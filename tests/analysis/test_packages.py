"""Whose Debian packages the files are that agents used, or that what stays asks for."""

import pytest

from pruner.analysis.linkage import Linkage
from pruner.analysis.packages import (
    MOST_FILES,
    OptionalLibrary,
    Used,
    given_up,
    linked_files,
    with_files,
)
from pruner.document import SystemPackage
from pruner.model import AgentStatus, Distribution, Inventory, Loaded, OwnedFile, Trace

GL, DRM, PNG = (f"/usr/lib/{name}" for name in ("libGL.so.1", "libdrm.so.2", "libpng16.so.16"))


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


def _ran(agent: str, *files: str) -> Trace:
    loaded = tuple(Loaded(kind="library", what=file, file=file) for file in files)
    return Trace(agent=agent, status=AgentStatus.OK, seconds=1.0, loaded=loaded)


@pytest.mark.parametrize(
    ("before", "proof", "gone"),
    [
        ([_ran("a", GL, PNG), _ran("a", GL, PNG)], [_ran("a", PNG)], {GL}),
        ([_ran("a", GL, PNG), _ran("a", GL, PNG)], [_ran("a", PNG, GL)], set()),
        # Only some runs loaded it: so may the next one.
        ([_ran("a", GL, DRM), _ran("a", GL)], [_ran("a")], {GL}),
        # A single run (`--once`) tells nothing of the next one.
        ([_ran("a", GL)], [_ran("a")], set()),
        # Another agent has it still, or had it now and then.
        ([_ran(x, GL) for x in "aabb"], [_ran("a"), _ran("b", GL)], set()),
        ([_ran("a", GL), _ran("a", GL), _ran("b", GL), _ran("b")], [_ran("a"), _ran("b")], set()),
        ([_ran("a", GL), _ran("a", GL), _ran("b")], [_ran("a"), _ran("b")], {GL}),
    ],
)
def test_what_the_proof_no_longer_loads(
    before: list[Trace], proof: list[Trace], gone: set[str]
) -> None:
    assert given_up(before, proof) == gone


SYSTEM = {name: f"/lib/x/{name}" for name in ("libGL.so.1", "libz.so", "libpng.so", "libown.so.1")}
CUPTI = "/site/nvidia/libcupti.so.12"


@pytest.mark.parametrize(
    ("link", "linked"),
    [
        (Linkage(needed=("libGL.so.1",)), {"libGL.so.1"}),
        (Linkage(dlopens=("libpng.so", "libelsewhere.so")), {"libpng.so"}),
        # It profiles OpenGL with it where it is there; what is needed is no such thing.
        (Linkage(dlopens=("libGL.so.1", "libpng.so")), {"libpng.so"}),
        # A path that it was built with is another's file here, or this one.
        (Linkage(dlopens=("libz.so",), placed=("/lib64/libz.so",)), set()),
        (Linkage(dlopens=("libz.so",), placed=("/usr/lib/x/libz.so",)), {"libz.so"}),
        (Linkage(dlopens=("libown.so.1",)), set()),  # a wheel that stays has one of its own
    ],
)
def test_what_libraries_that_stay_ask_the_system_for(link: Linkage, linked: set[str]) -> None:
    files = {"cupti": CUPTI, "own": "/site/own/libown.so.1", "gone": "/site/gone.so"}
    inventory = Inventory(
        python="3.11.2",
        executable="/usr/bin/python3",
        markers={},
        site_dirs=("/site",),
        stdlib_dirs=(),
        distributions=tuple(
            Distribution(name=name, version="1", files=(OwnedFile(path, "", 1),))
            for name, path in files.items()
        ),
    )
    gone = Linkage(needed=tuple(SYSTEM))
    linkage = {CUPTI: link, files["own"]: Linkage(), files["gone"]: gone}
    rows = [OptionalLibrary(library="libcupti.so.*", opens=("libGL.so*", "libX11.so*"))]
    found = linked_files(inventory, linkage, SYSTEM, {"cupti", "own"}, rows)
    assert found == {SYSTEM[name] for name in linked}
