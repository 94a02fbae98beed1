"""Every folder of tests/cases is a tiny real project, and what must come out of it.

`expected.toml` says why the case exists, then what the installed command must answer. The command
runs in a copy of the folder; it uses the wheels of the user's own cache.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pruner.document import Document
from pruner.model import Conflict
from support import Done, assert_nothing_left, run

CASES = Path(__file__).with_name("cases")


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One call of pruner, and its answer. What is left out is not looked at."""

    command: tuple[str, ...] = ("lock", "--image", "app")
    exit: int = 0
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()  # kept today, though the truth is that it could go
    absent: tuple[str, ...] = ()  # not even installed
    level: dict[str, str] = {}
    reasons: dict[str, str] = {}  # name -> a regular expression for its `why`
    restored: tuple[str, ...] | None = None
    rounds: int | None = None
    findings: tuple[str, ...] | None = None
    conflicts: dict[str, str] | None = None  # "files a, b" -> re for "keeps a; why"
    exercises: dict[str, tuple[str, ...]] = {}  # agent -> outcomes
    error: str = ""  # the whole line, or re: and a regular expression
    hint: str = ""


class Case(Step, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first call, where it is made, and the calls after it."""

    why: str
    runtimes: tuple[str, ...] = ("local",)
    broken: str = ""  # why pruner cannot do this yet; the case says when it can
    then: tuple[Step, ...] = ()


def _case(folder: Path) -> Case:
    return msgspec.toml.decode((folder / "expected.toml").read_bytes(), type=Case)


def _rows() -> Iterator[object]:
    for folder in sorted(path.parent for path in CASES.glob("*/expected.toml")):
        case = _case(folder)
        for runtime in case.runtimes:
            marks = [pytest.mark.engine] if runtime == "docker" else []
            if case.broken:
                marks = [*marks, pytest.mark.xfail(strict=True, reason=case.broken)]
            yield pytest.param(folder, runtime, id=f"{folder.name}-{runtime}", marks=marks)


@pytest.mark.parametrize(("folder", "runtime"), list(_rows()))
def test_case(folder: Path, runtime: str, tmp_path: Path) -> None:
    place = tmp_path / "project"
    shutil.copytree(folder, place)
    case = _case(folder)
    for step in (case, *case.then):
        done = run(*step.command, "--runtime", runtime, "--json", cwd=place)
        assert_nothing_left(done.pid)
        _compare(step, done)


def test_every_case_says_why() -> None:
    for folder in CASES.iterdir():
        assert len(_case(folder).why.split()) > 5, folder.name


def _compare(step: Step, done: Done) -> None:
    assert done.code == step.exit, done.err
    errors = [line.removeprefix("error: ") for line in done.lines("error: ")]
    hints = [line.removeprefix("hint: ") for line in done.lines("hint: ")]
    assert len(errors) == (1 if step.error else 0), done.err
    assert all(_matches(step.error, line) for line in errors), done.err
    assert not step.hint or any(_matches(step.hint, line) for line in hints), done.err
    if done.out:
        _compare_document(step, done.document)


def _outcome(item: Conflict) -> str:
    """Return "keeps a", "uses c", "told", or "a or b" where nothing settles it."""
    if not item.settled:
        named = (choice.config.split('"')[1] for choice in item.choices)
        return " or ".join(named)
    return f"uses {item.use}" if item.use else f"keeps {item.keep}" if item.keep else "told"


def _matches(wanted: str, line: str) -> bool:
    if wanted.startswith("re:"):
        return re.fullmatch(wanted.removeprefix("re:"), line) is not None
    return wanted == line


def _compare_document(step: Step, document: Document) -> None:
    rows = {row.name: row for row in document.distributions}
    assert [name for name in step.keep if not rows[name].kept] == []
    assert [name for name in step.drop if rows[name].kept] == []
    assert [name for name in step.excess if not rows[name].kept] == []
    assert [name for name in step.absent if name in rows] == []
    assert {name: rows[name].level for name in step.level} == step.level
    for name, pattern in step.reasons.items():
        assert re.search(pattern, rows[name].why), rows[name].why
    proof = document.proof
    if step.rounds is not None:
        assert proof is not None
        assert proof.rounds == step.rounds
    if step.restored is not None:
        assert proof is not None
        assert sorted(item.name for item in proof.restored) == sorted(step.restored)
    if step.findings is not None:
        assert [item.code for item in document.findings] == list(step.findings)
    if step.conflicts is not None:
        _compare_conflicts(step.conflicts, document)
    for agent in document.agents:
        if agent.name in step.exercises:
            outcomes = tuple(item.outcome for item in agent.exercises)
            assert outcomes == step.exercises[agent.name]
    assert set(step.exercises) <= {agent.name for agent in document.agents}


def _compare_conflicts(wanted: dict[str, str], document: Document) -> None:
    found = {
        f"{item.kind} {', '.join(item.distributions)}": f"{_outcome(item)}; {item.why}"
        for item in document.conflicts
    }
    assert sorted(found) == sorted(wanted), found
    for name, pattern in wanted.items():
        assert re.search(pattern, found[name]), found[name]
