from hypothesis import given
from hypothesis import strategies as st

from pruner.analysis.chains import Chains
from pruner.model import Loaded


def row(file: str, by: str | None = None) -> Loaded:
    return Loaded(kind="module", what=file, file=file, by=by)


def test_a_chain_leads_from_the_entrypoint_to_the_file() -> None:
    loaded = [row("/main.py"), row("/a.py", "/main.py:3"), row("/b.py", "/a.py:7")]
    assert Chains(loaded).to_file("/b.py") == ("/main.py:3", "/a.py:7")
    assert Chains(loaded).to_file("/main.py") == ()
    assert Chains(loaded).to_file("/other.py") == ()


def test_the_shortest_chain_of_several_processes_is_taken() -> None:
    loaded = [
        row("/a.py", "/main.py:1"),
        row("/b.py", "/a.py:2"),
        row("/c.py", "/b.py:3"),
        row("/c.py", "/main.py:9"),
        row("/c.py"),
    ]
    assert Chains(loaded).to_file("/c.py") == ("/main.py:9",)


def test_an_importer_without_a_row_of_its_own_is_where_a_chain_begins() -> None:
    assert Chains([row("/a.py", "<string>:1")]).to_file("/a.py") == ("<string>:1",)


def test_a_ring_and_a_file_that_asks_for_itself_end() -> None:
    ring = [row("/a.py", "/b.py:1"), row("/b.py", "/a.py:2"), row("/b.py", "/b.py:3")]
    assert Chains(ring).to_file("/a.py") == ("/b.py:1",)


FILES = st.sampled_from([f"/{name}.py" for name in "abcdef"])
ROWS = st.lists(
    st.tuples(FILES, st.none() | st.tuples(FILES, st.integers(1, 9))).map(
        lambda pair: row(pair[0], f"{pair[1][0]}:{pair[1][1]}" if pair[1] else None)
    ),
    max_size=12,
)


@given(ROWS, FILES)
def test_every_step_is_one_that_was_seen(loaded: list[Loaded], file: str) -> None:
    steps = Chains(loaded).to_file(file)
    seen = {(item.file, item.by) for item in loaded}
    # An empty chain has no last step that would have loaded the file.
    targets = [*(step.rpartition(":")[0] for step in steps[1:]), file][: len(steps)]
    assert all(pair in seen for pair in zip(targets, steps, strict=True))
