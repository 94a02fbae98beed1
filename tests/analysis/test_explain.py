from pruner.analysis.explain import explain
from pruner.model import SCHEMA, Document, Verdict


def row(name: str, level: str, size: int, *needs: str) -> Verdict:
    verdict = "drop" if level == "unused" else "keep"
    return Verdict(
        name=name,
        version="1",
        verdict=verdict,
        level=level,
        size_bytes=size,
        why="because",
        needs=needs,
    )


DOCUMENT = Document(
    schema=SCHEMA,
    image="web",
    runtime="local",
    policy="safe",
    python="3.11.2",
    distributions=(
        row("web", "observed", 100, "http", "log"),
        row("http", "declared", 20, "idna"),
        row("idna", "declared", 3),
        row("log", "observed", 7, "idna"),
        row("heavy", "unused", 1000, "lib", "idna"),
        row("lib", "unused", 500),
    ),
)


def test_what_is_kept_is_weighed_with_what_only_it_needs() -> None:
    found = explain(DOCUMENT, "web")
    assert found is not None
    assert [item.name for item in found.pulls_in] == ["http", "idna", "log"]
    assert found.wanted_by == ()
    assert (found.with_it, found.without_it) == (130, 10)


def test_what_was_left_out_is_weighed_with_what_it_would_bring() -> None:
    found = explain(DOCUMENT, "heavy")
    assert found is not None
    assert (found.with_it, found.without_it) == (1630, 130)
    assert [item.name for item in found.pulls_in] == ["idna", "lib"]


def test_what_others_declare_names_them() -> None:
    found = explain(DOCUMENT, "idna")
    assert found is not None
    assert found.wanted_by == ("http", "log")


def test_what_is_not_installed_has_no_explanation() -> None:
    assert explain(DOCUMENT, "gone") is None
