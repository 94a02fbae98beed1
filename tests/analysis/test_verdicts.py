import msgspec
import pytest

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import imported, observed, reached
from pruner.analysis.verdicts import Evidence, decide, sizes
from pruner.model import (
    AgentStatus,
    Distribution,
    Guard,
    ImportSite,
    Inventory,
    Level,
    Loaded,
    OwnedFile,
    Policy,
    Proof,
    SourceFile,
    SourceTree,
    Trace,
    Verdict,
)

SITE = "/env/site-packages"
PROOF = (Proof(kind="module", what="x", by="app/main.py:1"),)


def installed(**requires: tuple[str, ...]) -> Inventory:
    dists = tuple(
        Distribution(
            name=name, version="1.0", files=(OwnedFile(f"{SITE}/{name}/__init__.py", "h", 10),)
        )
        for name in requires
    )
    return Inventory(
        python="3.11.2",
        executable="python",
        markers={},
        site_dirs=(SITE,),
        stdlib_dirs=(),
        distributions=dists,
        requires=dict(requires),
        stdlib_modules=frozenset({"os"}),
    )


def evidence(wanted: dict[str, str] | None = None, **levels: str) -> Evidence:
    """Return evidence by the name of a distribution: its level."""
    proofs: dict[Level, dict[str, tuple[Proof, ...]]] = {level: {} for level in Level}
    for name, level in levels.items():
        proofs[Level[level.upper()]][name] = PROOF
    return Evidence(proofs=proofs, wanted=wanted or {})


def rows(verdicts: tuple[Verdict, ...]) -> dict[str, tuple[str, str]]:
    return {row.name: (row.verdict, row.level) for row in verdicts}


def test_safe_keeps_what_is_proven_and_what_that_declares() -> None:
    inventory = installed(web=("http",), http=("idna",), idna=(), heavy=("http", "light"), light=())
    verdicts = rows(decide(inventory, evidence(web="observed"), Policy.SAFE))
    assert verdicts == {
        "web": ("keep", "observed"),
        "http": ("keep", "declared"),
        "idna": ("keep", "declared"),
        "heavy": ("drop", "unused"),
        "light": ("drop", "unused"),
    }


EVERY = ("observed", "required", "linked", "reachable", "guarded")


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        (Policy.SAFE, "observed required linked reachable guarded declared"),
        (Policy.MINIMAL, "observed required linked reachable"),
        (Policy.AGGRESSIVE, "observed required linked"),
    ],
)
def test_a_policy_keeps_levels(policy: Policy, kept: str) -> None:
    inventory = installed(**dict.fromkeys(EVERY, ()), declared=(), unused=())
    needing = msgspec.structs.replace(inventory, requires={"observed": ("declared",)})
    verdicts = decide(needing, evidence(None, **{level: level for level in EVERY}), policy)
    assert {row.name: row.level for row in verdicts} == {row.name: row.name for row in verdicts}
    assert {row.name for row in verdicts if row.kept} == set(kept.split())


def test_the_strongest_level_wins() -> None:
    inventory = installed(a=(), b=())
    found = evidence(a="observed")
    found.proofs[Level.REQUIRED].update(a=PROOF, b=PROOF)
    found.proofs[Level.GUARDED].update(b=PROOF)
    assert rows(decide(inventory, found, Policy.MINIMAL)) == {
        "a": ("keep", "observed"),
        "b": ("keep", "required"),
    }


def test_what_was_put_back_or_is_to_be_kept_stays_by_every_policy() -> None:
    inventory = installed(driver=("wire",), wire=(), other=())
    found = evidence(wanted={"driver": "put back: it failed"})
    for policy in Policy:
        verdicts = {row.name: row for row in decide(inventory, found, policy)}
        assert verdicts["driver"].kept
        assert verdicts["driver"].why == "put back: it failed"
        assert verdicts["wire"].kept is (policy is Policy.SAFE)
        assert not verdicts["other"].kept


def test_what_belongs_to_the_system_is_left_alone() -> None:
    inventory = installed(a=())
    system = Distribution(name="python-apt", version="2", managed=False)
    inventory = Inventory(
        **{
            name: getattr(inventory, name)
            for name in Inventory.__struct_fields__
            if name != "distributions"
        },
        distributions=(*inventory.distributions, system),
    )
    assert rows(decide(inventory, evidence(), Policy.MINIMAL))["python-apt"] == ("keep", "unused")


def test_no_verdict_without_a_reason() -> None:
    with pytest.raises(ValueError, match="no reason"):
        Verdict(name="a", version="1", verdict="drop", level="unused", size_bytes=0, why="")


def test_sizes_are_of_all_and_of_what_is_kept() -> None:
    inventory = installed(a=(), b=())
    assert sizes(decide(inventory, evidence(a="observed"), Policy.MINIMAL)) == (20, 10)


def site(module: str, guard: Guard = Guard.MODULE) -> ImportSite:
    return ImportSite(file="app/main.py", line=3, module=module, guard=guard)


def tree(*sites: ImportSite) -> SourceTree:
    files = {
        "app/main.py": SourceFile(path="app/main.py", module="app.main", sites=sites),
        "app/lost.py": SourceFile(path="app/lost.py", module="app.lost", sites=(site("b"),)),
    }
    return SourceTree(files=files, edges={})


def test_imports_are_required_guarded_or_missing() -> None:
    ownership = Ownership(installed(a=(), b=(), c=()))
    source = tree(
        site("a", Guard.FUNCTION),
        site("b", Guard.TRY),
        site("c", Guard.TYPE_CHECKING),
        site("gone"),
        site("gone_too", Guard.TRY),
        site("os"),
        site("app.lost"),
    )
    found = imported(source, ["app/main.py"], ownership)
    assert set(found.required) == {"a"}
    assert set(found.guarded) == {"b", "c"}
    assert [item.module for item in found.missing] == ["gone"]
    assert found.required["a"][0].by == "app/main.py:3"
    assert found.names == {"a": "app/main.py:3"}


def test_only_files_that_are_reached_or_ran_count() -> None:
    source = tree(site("a"))
    assert reached(source, ["app/main.py"], []) == {"app/main.py"}
    ran = Trace(
        agent="x",
        status=AgentStatus.OK,
        seconds=1,
        loaded=(Loaded(kind="module", what="app.lost", file="/app/app/lost.py"),),
    )
    assert reached(source, ["app/main.py"], [ran]) == {"app/main.py", "app/lost.py"}


def test_the_first_proof_is_who_asked_from_outside() -> None:
    ownership = Ownership(installed(a=(), b=()))
    own = Loaded(
        kind="module", what="a", file=f"{SITE}/a/__init__.py", by=f"{SITE}/a/__init__.py:1"
    )
    outside = Loaded(kind="module", what="a", file=f"{SITE}/a/__init__.py", by="/app/main.py:7")
    mapped = Loaded(kind="library", what="a", file=f"{SITE}/a/__init__.py")
    trace = Trace(agent="x", status=AgentStatus.OK, seconds=1, loaded=(own, mapped, outside))
    assert [proof.by for proof in observed([trace], ownership)["a"]] == [
        "/app/main.py:7",
        None,
        f"{SITE}/a/__init__.py:1",
    ]


def test_what_loads_itself_at_every_start_is_no_evidence() -> None:
    ownership = Ownership(installed(a=()))
    itself = Loaded(kind="module", what="a", file=f"{SITE}/a/__init__.py", by="<string>:1")
    trace = Trace(agent="x", status=AgentStatus.OK, seconds=1, loaded=(itself,))
    assert observed([trace], ownership, frozenset({"a"})) == {}


def test_what_is_for_a_gpu_and_was_not_observed_says_that_none_was_used() -> None:
    inventory = installed(seen=(), kernels=(), gone=())
    found = evidence(seen="observed", kernels="reachable", gone="guarded")
    unseen = msgspec.structs.replace(found, unseen=frozenset(("seen", "kernels", "gone")))
    said = {
        row.name: [proof.what for proof in row.proof if proof.kind == "gpu"]
        for row in decide(inventory, unseen, Policy.MINIMAL)
    }
    words = "no GPU was used, so what only one uses was not seen"
    assert said == {"seen": [], "kernels": [words], "gone": []}
