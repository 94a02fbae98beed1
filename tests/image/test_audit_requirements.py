"""Requirement lines against the committed verdicts."""

from auditing import document, facts, of, requirements, verdict
from pruner.requirements import Requirements
from pruner.requirements.values import Direct

BASE = "FROM python:3.11-slim\n"


def test_a_line_that_nobody_needs_has_its_bytes_and_what_only_it_brings() -> None:
    known = document(
        verdict("flask", needs=("click",)),
        verdict("click", keep=False, size=3),
        verdict("pandas", keep=False, size=100, needs=("pytz", "numpy")),
        verdict("pytz", keep=False, size=20),
        verdict("numpy", size=500),
    )
    asked = requirements("flask==1", "pandas==1", "numpy==1")
    (found,) = of(facts(BASE, requirements=asked, document=known), "PRN222")
    assert (found.where, found.size_bytes) == ("requirements.txt:2", 120)
    assert found.what == "pandas 1 is needed by nobody (nothing needs it), and brings pytz"


def test_what_two_such_lines_bring_is_counted_once() -> None:
    known = document(
        verdict("a", keep=False, size=1, needs=("shared",)),
        verdict("b", keep=False, size=2, needs=("shared",)),
        verdict("shared", keep=False, size=100),
    )
    found = of(facts(BASE, requirements=requirements("a==1", "b==1"), document=known), "PRN222")
    assert sorted(row.size_bytes or 0 for row in found) == [2, 101]


def test_what_a_needed_line_declares_comes_along() -> None:
    known = document(
        verdict("flask", needs=("click",)),
        verdict("click", keep=False, size=3),
        verdict("requests", keep=False, size=7),
    )
    given = facts(BASE, requirements=requirements("flask==1"), document=known)
    assert of(given, "PRN222") == []
    (found,) = of(given, "PRN224")
    assert (found.where, found.size_bytes) == ("requirements.txt:1", 10)
    assert found.what == "2 more that no line asks for and nothing needs: requests, click"


def test_what_the_base_has_is_no_requirements_matter() -> None:
    known = document(
        verdict("flask", needs=("setuptools",)),
        verdict("setuptools", keep=False, size=3),
        verdict("pip", keep=False, size=7),
        verdict("wheel", keep=False, size=9, needs=("packaging",)),
        verdict("packaging", keep=False, size=1),
    )
    given = facts(BASE, requirements=requirements("flask==1"), document=known)
    (found,) = of(given, "PRN224")
    assert found.what == "1 more that no line asks for and nothing needs: setuptools"


def test_a_line_that_a_needed_one_declares_goes_by_the_lock_alone() -> None:
    known = document(verdict("flask", needs=("click",)), verdict("click", keep=False))
    given = facts(BASE, requirements=requirements("flask==1", "click==1"), document=known)
    (found,) = of(given, "PRN222")
    assert found.fix == "flask declares it as well, so only the lock leaves it out"


def test_a_lock_of_another_version_says_nothing_of_a_line() -> None:
    known = document(verdict("pandas", keep=False, version="2.0"))
    given = facts(BASE, requirements=requirements("pandas==2.1"), document=known)
    assert of(given, "PRN222") == []
    (found,) = of(given, "PRN223")
    assert found.what == "the lock was made from other versions than pandas==2.1"


def test_a_pin_without_the_local_version_is_the_same() -> None:
    known = document(verdict("torch", keep=False, version="2.2.2+cu121"))
    given = facts(BASE, requirements=requirements("torch==2.2.2"), document=known)
    assert len(of(given, "PRN222")) == 1


def test_without_a_lock_there_is_a_note() -> None:
    given = facts(BASE, requirements=requirements("pandas==2.1"))
    (found,) = of(given, "PRN223")
    assert (found.severity, found.fix) == ("note", "pruner lock --image web")


def test_lines_that_say_no_version() -> None:
    read = requirements("flask==3.0.0", "requests", "held")
    constraint = requirements("held==1.0", file="constraints.txt").requirements
    direct = (
        _direct("git+https://host/x@main", 4),
        _direct("git+https://host/x@" + "0" * 40, 5),
        _direct("https://host/x-1.0.tar.gz", 6),
    )
    given = Requirements(
        requirements=read.requirements, constraints=constraint, direct=direct, files=read.files
    )
    found = of(facts(BASE, requirements=given), "PRN221")
    assert [(row.where, row.what) for row in found] == [
        ("requirements.txt:2", "requests has no version"),
        ("requirements.txt:4", "x is taken from a branch, which moves"),
    ]


def _direct(url: str, line: int) -> Direct:
    return Direct(text=url, name="x", url=url, editable=False, file="requirements.txt", line=line)
