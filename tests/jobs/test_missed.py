"""What a proof that differs puts back."""

from pruner.analysis.attribution import Ownership
from pruner.jobs.prove import missed
from pruner.model import (
    AgentStatus,
    Attempt,
    Distribution,
    Inventory,
    OwnedFile,
    Trace,
    Verdict,
)

SITE = "/env/lib/python3.11/site-packages"
NAMES = ("alpha", "beta", "kept")


def put_back(*attempts: Attempt, lookups: tuple[Attempt, ...] = ()) -> dict[str, str]:
    inventory = Inventory(
        python="3.11.2",
        executable="/env/bin/python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=("/usr/lib/python3.11",),
        distributions=tuple(
            Distribution(name=name, version="1", files=(OwnedFile(f"{SITE}/{name}.py"),))
            for name in NAMES
        ),
    )
    verdicts = [
        Verdict(
            name=name,
            version="1",
            verdict="keep" if name == "kept" else "drop",
            level="unused",
            size_bytes=1,
            why="nothing needs it",
        )
        for name in NAMES
    ]
    trace = Trace(
        agent="api", status=AgentStatus.EXITED, seconds=1, attempts=attempts, lookups=lookups
    )
    return missed([trace], verdicts, Ownership(inventory))


def test_an_import_that_failed() -> None:
    found = put_back(
        Attempt(module="alpha.part", by="/app.py:1", failed=True),
        Attempt(module="beta"),
        Attempt(module="kept", failed=True),
        Attempt(module="other", failed=True),
    )
    assert found == {"alpha": "put back: alpha.part was missed by /app.py:1 in the proof of api"}


def test_a_lookup_where_no_import_explains_it() -> None:
    lookups = (
        Attempt(module="beta", by="/app.py:2"),
        Attempt(module="beta", by="/app.py:3"),
        Attempt(module="kept", by="/app.py:2"),
        Attempt(module="other"),
    )
    assert put_back(lookups=lookups) == {
        "beta": "put back: the metadata of beta was missed by /app.py:2 in the proof of api"
    }
    assert list(put_back(Attempt(module="alpha", failed=True), lookups=lookups)) == ["alpha"]
