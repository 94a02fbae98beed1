import re
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pruner.analysis.confidence import Measured, confidence

ALL = Measured(agents=1, exercised=1, statements=400, ran=400, kept=10, observed=10)


def changed(**fields: Any) -> Measured:  # noqa: ANN401
    return msgspec.structs.replace(ALL, **fields)


def only(**fields: Any) -> tuple[float, str]:  # noqa: ANN401
    """Return the score where all else is as good as can be, and the reason that is not."""
    found = confidence(changed(**fields))
    (why,) = [line for line in found.because if line not in confidence(ALL).because]
    return found.score, why


def test_nothing_to_complain_about() -> None:
    assert confidence(ALL).score == 1.0
    assert confidence(ALL).because == (
        "100 % of 400 reachable statements ran",
        "1 of 1 agent does an exercise, or runs to an end",
        "0 of 10 kept distributions rest on less than an observed use",
        "a second run added nothing",
    )


def test_every_reason_has_its_figure() -> None:
    assert only(ran=248) == (0.77, "62 % of 400 reachable statements ran (x 0.77)")
    assert only(agents=2) == (
        0.8,
        "1 of 2 agents does an exercise, or runs to an end (x 0.80)",
    )
    assert only(weak=5) == (
        0.85,
        "5 of 10 kept distributions rest on less than an observed use (x 0.85)",
    )
    assert only(gpu_wanted=True) == (
        0.8,
        "gpu = true, and no GPU was there: code for it did not run (x 0.80)",
    )
    assert only(gpu_wanted=True, gpu_seen=True) == (1.0, "a GPU was there, as gpu = true asks")
    assert only(gpu_wanted=True, gpu_seen=True, gpu_used=False) == (
        0.8,
        "a GPU was there, and nothing could use it: code for it did not run (x 0.80)",
    )
    assert only(repeated=False) == (0.9, "the exercises were run only once (x 0.90)")
    assert only(added_files=1) == (0.98, "a second run added 1 module, no more (x 0.98)")
    assert only(added=("a",), observed=20) == (
        0.75,
        "a second run added 1 of 20 observed distributions: a (x 0.75)",
    )
    assert only(flaky=("agent: GET / gave 500, not 200",)) == (
        0.7,
        "a second run went another way: agent: GET / gave 500, not 200 (x 0.70)",
    )
    assert only(restored=("a", "b", "c", "d", "e")) == (
        0.7,
        "the proof had to put back a, b, c and 2 more (x 0.70)",
    )
    assert only(proven=False) == (0.0, "the lock is not proven (x 0.00)")


def test_what_is_not_known_is_said() -> None:
    start = "how much reachable first-party code ran is not known: "
    assert only(known=False, unmeasured=("no index",)) == (0.4, f"{start}no index (x 0.40)")
    assert only(statements=0, ran=0) == (
        0.4,
        f"{start}the agents' commands start none that the source trees have (x 0.40)",
    )
    assert only(ran=200, unmeasured=("not counted: a.py",)) == (
        0.7,
        "50 % of 400 reachable statements ran (not counted: a.py) (x 0.70)",
    )


def test_almost_all_is_not_all() -> None:
    assert only(statements=1000, ran=999)[1].startswith("99 % of")
    assert only(statements=1000, ran=1)[1].startswith("1 % of")
    assert only(statements=1000, ran=0)[1].startswith("0 % of")


def test_nothing_at_all() -> None:
    nothing = Measured(agents=0, exercised=0, statements=0, ran=0, known=False)
    assert confidence(nothing).score == 0.4


names = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8).map(tuple)


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    agents, statements, kept = (draw(st.integers(0, 50)) for _ in range(3))
    added = draw(names)
    return Measured(
        agents=agents,
        exercised=draw(st.integers(0, agents)),
        statements=statements,
        ran=draw(st.integers(0, statements)),
        unmeasured=draw(names),
        known=draw(st.booleans()),
        kept=kept,
        weak=draw(st.integers(0, kept)),
        gpu_wanted=draw(st.booleans()),
        gpu_seen=draw(st.booleans()),
        gpu_used=draw(st.booleans()),
        repeated=draw(st.booleans()),
        observed=len(added) + draw(st.integers(0, 50)),
        added=added,
        added_files=draw(st.integers(0, 5)),
        flaky=draw(names),
        restored=draw(names),
        proven=draw(st.booleans()),
    )


@given(measured())
def test_a_score_and_reasons_that_multiply_to_it(given_: Measured) -> None:
    found = confidence(given_)
    assert 0 <= found.score <= 1
    assert found.score == round(found.score, 2)
    product = 1.0
    for line in found.because:
        match = re.search(r" \(x (\d\.\d\d)\)$", line)
        product *= float(match[1]) if match else 1.0
    assert abs(product - found.score) < 0.05


def no_worse(better: Measured, worse: Measured) -> bool:
    return confidence(better).score >= confidence(worse).score


@given(measured(), st.data())
def test_better_figures_never_lower_it(given_: Measured, data: st.DataObject) -> None:
    def at_least(count: int, most: int) -> int:
        return data.draw(st.integers(count, most))

    better: list[dict[str, Any]] = [
        {"ran": at_least(given_.ran, given_.statements)},
        {"exercised": at_least(given_.exercised, given_.agents)},
        {"weak": at_least(0, given_.weak)},
        {"gpu_seen": True},
        {"gpu_used": True},
        {"gpu_wanted": False},
        {"added": given_.added[1:]},
        {"added_files": at_least(0, given_.added_files)},
        {"flaky": ()},
        {"restored": given_.restored[1:]},
        {"proven": True},
    ]
    if given_.statements:
        better.append({"known": True})
    for fields in better:
        assert no_worse(msgspec.structs.replace(given_, **fields), given_), fields


@given(measured())
def test_reasons_that_nothing_is_known_of_change_no_score(given_: Measured) -> None:
    silent = msgspec.structs.replace(given_, unmeasured=())
    assert confidence(silent).score == confidence(given_).score
