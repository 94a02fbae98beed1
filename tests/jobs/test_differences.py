from pruner.document import AgentReport
from pruner.jobs.prove import differences
from pruner.model import AgentStatus, Outcome, Trace


def outcome(name: str, result: str, *, ok: bool = True) -> Outcome:
    return Outcome(name=name, outcome=result, ok=ok)


def compare(
    seen: list[Outcome], before: list[Outcome], status: AgentStatus = AgentStatus.OK
) -> list[str]:
    trace = Trace(agent="api", status=status, seconds=1, exercises=tuple(seen), detail="it ended")
    report = AgentReport(name="api", status="ok", modules=1, seconds=1, exercises=tuple(before))
    return differences(trace, report)


def test_the_same_outcomes_in_the_same_order_are_no_difference() -> None:
    two = [outcome("POST /x", "200"), outcome("POST /x", "422")]
    assert compare(two, two) == []
    assert compare(two[::-1], two) == [
        "api: POST /x gave 422, not 200",
        "api: POST /x gave 200, not 422",
    ]


def test_an_outcome_that_was_expected_to_fail_may() -> None:
    same = [outcome("GET /", "500", ok=False)]
    assert compare(same, same, AgentStatus.FAILED) == []


def test_a_new_exercise_has_to_succeed() -> None:
    before = [outcome("GET /", "200")]
    assert compare([*before, outcome("GET /new", "200")], before) == []
    failed = outcome("GET /new", "500", ok=False)
    assert compare([*before, failed], before) == ["api: GET /new gave 500"]


def test_what_was_not_run_is_a_difference() -> None:
    assert compare([], [outcome("GET /", "200")]) == ["api: GET / was not run"]


def test_an_agent_that_ended_is_one_difference() -> None:
    assert compare([], [], AgentStatus.EXITED) == ["api: it ended"]
