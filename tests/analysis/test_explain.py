import msgspec

from pruner.analysis.explain import explain
from pruner.document import SCHEMA, Document
from pruner.model import Proof, Verdict


def row(name: str, level: str, size: int, *needs: str, by: tuple[str, ...] = ()) -> Verdict:
    verdict = "drop" if level in {"unused", "guarded"} else "keep"
    return Verdict(
        name=name,
        version="1",
        verdict=verdict,
        level=level,
        size_bytes=size,
        why="because",
        needs=needs,
        used_by=by,
        proof=(Proof(kind="import (try)", what=name, by="a.py:1"),) if level == "guarded" else (),
    )


DOCUMENT = Document(
    schema=SCHEMA,
    image="web",
    runtime="local",
    policy="safe",
    python="3.11.2",
    distributions=(
        row("web", "observed", 100, "http", "log", by=("",)),
        row("http", "declared", 20, "idna"),
        row("idna", "declared", 3),
        row("log", "observed", 7, "idna", by=("",)),
        row("heavy", "unused", 1000, "lib", "idna"),
        row("lib", "unused", 500),
    ),
)


def test_what_is_kept_is_weighed_with_what_only_it_needs() -> None:
    found = explain(DOCUMENT, "web")
    assert found is not None
    assert found.pulls_in == ()
    assert found.wanted_by == ()
    assert found.only_for_it == ("http",)
    assert (found.with_it, found.without_it) == (130, 10)


def test_what_was_left_out_is_weighed_with_what_it_would_bring() -> None:
    found = explain(DOCUMENT, "heavy")
    assert found is not None
    assert (found.with_it, found.without_it) == (1630, 130)
    assert [item.name for item in found.pulls_in] == ["lib"]
    assert found.only_for_it == ()
    assert len(found.missing) == 4


MINIMAL = msgspec.structs.replace(
    DOCUMENT,
    policy="minimal",
    distributions=(
        row("web", "observed", 100, "http", by=("",)),
        row("http", "observed", 20, by=("web", "log")),
        row("log", "observed", 7, by=("",)),
        row("deep", "reachable", 50, by=("web",)),
        row("cuda", "linked", 900, by=("deep",)),
        row("ring", "observed", 1, by=("ring2",)),
        row("ring2", "observed", 1, by=("ring", "deep")),
        row("mapped", "observed", 5),
        row("maybe", "guarded", 400),
    ),
)


def test_by_minimal_the_users_decide_what_stays_for_nothing_else() -> None:
    found = explain(MINIMAL, "web")
    assert found is not None
    assert found.only_for_it == ("cuda", "deep", "ring", "ring2")
    assert found.without_it == 20 + 7 + 5
    log = explain(MINIMAL, "log")
    assert log is not None
    assert log.only_for_it == ()


def test_what_copes_is_named_as_the_reason() -> None:
    found = explain(MINIMAL, "maybe")
    assert found is not None
    assert found.missing[-1].endswith("from what was loaded: a.py:1 copes with its absence")


def test_what_others_declare_names_them() -> None:
    found = explain(DOCUMENT, "idna")
    assert found is not None
    assert found.wanted_by == ("http", "log")


def test_what_is_not_installed_has_no_explanation() -> None:
    assert explain(DOCUMENT, "gone") is None


def test_a_document_that_a_person_cut_is_explained_as_far_as_it_goes() -> None:
    cut = row("cut", "guarded", 5, "gone")
    document = msgspec.structs.replace(
        DOCUMENT, distributions=(msgspec.structs.replace(cut, proof=()),)
    )
    found = explain(document, "cut")
    assert found is not None
    assert found.pulls_in == ()
    assert found.missing[-1] == "no import that counts leads to it from what was loaded"
