from pruner.document import SCHEMA, AgentReport, Document, ProofReport, Restored
from pruner.lock.header import UNPROVEN, header
from pruner.model import Verdict


def document(*, passed: bool, restored: tuple[Restored, ...] = ()) -> Document:
    return Document(
        schema=SCHEMA,
        image="web",
        runtime="local",
        policy="safe",
        python="3.11.2",
        agents=(AgentReport(name="api", status="ok", modules=3, seconds=1.0),),
        distributions=(
            Verdict(
                name="heavy", version="2", verdict="drop", level="unused", size_bytes=1, why="no"
            ),
        ),
        proof=ProofReport(
            passed=passed,
            rounds=2,
            restored=restored,
            differences=() if passed else ("api: GET / gave 500, not 200",),
        ),
    )


def test_it_says_what_was_proven_what_was_put_back_and_what_was_left_out() -> None:
    text = header(document(passed=True, restored=(Restored(name="driver", why="it was missed"),)))
    assert "# Proven with api, in 2 rounds." in text
    assert "# Put back by the proof: driver (it was missed)" in text
    assert "#   unused (1): heavy==2" in text
    assert UNPROVEN not in text
    assert all(line.startswith("# ") for line in text.splitlines())


def test_an_unproven_lock_says_so_and_why() -> None:
    text = header(document(passed=False))
    assert f"# {UNPROVEN}" in text
    assert "api: GET / gave 500, not 200" in text
    assert "Proven" not in text


def test_a_line_break_in_a_value_cannot_end_the_comment() -> None:
    text = header(document(passed=True, restored=(Restored(name="x", why="a\nevil==1"),)))
    assert "\nevil" not in text
