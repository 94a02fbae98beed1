from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pruner.static.statements import Counted, count

CODE = '''\
"""A docstring is no statement."""
import os


def f(
    a,
):
    """Neither is this."""
    return (
        a
    )


x = [
    1,
    2,
]
if x:  # pragma: no cover
    y = 1
'''


def test_statements_are_counted_as_coverage_counts_them(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(CODE)
    assert count(tmp_path, ["a.py"], {}) == Counted(statements=4, ran=0)
    # Lines in the middle of a statement, as older interpreters give them, and lines of none.
    ran = {"a.py": frozenset({1, 2, 6, 15, 99}), "b.py": frozenset({1})}
    assert count(tmp_path, ["a.py"], ran) == Counted(statements=4, ran=3)


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = '\\d'\n")  # the compiler has something to say
    (tmp_path / "syntax.py").write_text("def (:\n")
    (tmp_path / "coding.py").write_bytes(b"# coding: nope\nx = 1\n")
    (tmp_path / "null.py").write_bytes(b"x = 1\0\n")
    names = ["a.py", "syntax.py", "coding.py", "null.py", "gone.py"]
    found = count(tmp_path, names, {"a.py": frozenset({1})})
    assert (found.statements, found.ran) == (1, 1)
    assert [line.partition(":")[0] for line in found.unreadable] == sorted(names[1:])
    assert not [line for line in found.unreadable if str(tmp_path) in line]


@given(st.binary(max_size=200), st.frozensets(st.integers(0, 20)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_breaks_it(tmp_path: Path, code: bytes, lines: frozenset[int]) -> None:
    (tmp_path / "a.py").write_bytes(code)
    found = count(tmp_path, ["a.py"], {"a.py": lines})
    assert 0 <= found.ran <= found.statements
