"""`trace --append`: what several runs of an agent saw adds up, and `lock` counts it."""

import re
import shutil
import signal
from pathlib import Path

import msgspec
import pytest

from pruner.document import AgentReport, Document
from pruner.jobs.record import read_records
from support import (
    Done,
    assert_error,
    assert_nothing_left,
    assert_told_of_damaged_facts,
    damaged_facts,
    finish,
    processes_of,
    project,
    run,
    start,
    until,
)

BOTH = pytest.mark.parametrize(
    "runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)]
)
RECORD = ".pruner/app/runs/agent.json"
THREE = "idna==3.10\ntabulate==0.9.0\ninflection==0.5.1\n"

# What is read from the environment cannot be read from the code: only runs tell.
CODE = """\
import importlib, os, subprocess, time
for name in os.environ["LOADS"].split():
    importlib.import_module(name)
subprocess.run(["/usr/bin/env", "true"], check=True)
time.sleep(float(os.environ.get("SLEEPS", "0")))
"""


def loading(root: Path, *names: str, sleeps: int = 0, requirements: str = THREE) -> Path:
    """Write the project so that the next run of its agent loads modules."""
    env = f'env = {{ LOADS = "{" ".join(names)}", SLEEPS = "{sleeps}" }}'
    agent = f"ready = {{ exit = 0, timeout = 60 }}\n{env}"
    return project(root, code=CODE, agent=agent, requirements=requirements)


def trace(root: Path, *argv: str, runtime: str = "local") -> tuple[Document, AgentReport]:
    """Run `pruner trace`; return the document, and its only agent."""
    done = run("trace", "app", "--runtime", runtime, "--json", *argv, cwd=root)
    assert done.code == 0, done.err
    assert_nothing_left(done.pid)
    (agent,) = done.document.agents
    return done.document, agent


def lock(root: Path, runtime: str = "local") -> tuple[Done, set[str]]:
    """Run `pruner lock`; return also what is kept."""
    done = run("lock", "--image", "app", "--runtime", runtime, "--json", cwd=root)
    assert done.code == 0, done.err
    return done, {row.name for row in done.document.distributions if row.kept} - {"pip"}


def names(document: Document) -> list[str]:
    return [row.name for row in document.distributions if row.name != "pip"]


def test_damaged_facts_are_told_of(tmp_path: Path) -> None:
    loading(tmp_path / "tree", "idna", requirements="idna==3.10\n")
    env = damaged_facts(tmp_path / "cache")
    done = run("trace", "app", "--runtime", "local", cwd=tmp_path / "tree", env=env)
    assert done.code == 0, done.err
    assert_told_of_damaged_facts(done)


@BOTH
def test_runs_add_up(tmp_path: Path, runtime: str) -> None:
    document, agent = trace(loading(tmp_path, "idna"), "--append", runtime=runtime)
    assert names(document) == ["idna"]
    assert [row.added_distributions for row in agent.runs] == [("idna",)]
    first = agent.modules

    document, agent = trace(loading(tmp_path, "tabulate", "idna"), "--append", runtime=runtime)
    assert names(document) == ["idna", "tabulate"]
    assert [row.added_distributions for row in agent.runs] == [("idna",), ("tabulate",)]
    assert agent.modules == first + agent.runs[1].added_modules
    assert agent.runs[0].added_modules == agent.runs[0].modules == first
    assert 0 < agent.runs[1].added_modules < agent.runs[1].modules

    # What only the first runs used stays, with a proof that names a line of the project.
    done, kept = lock(loading(tmp_path, "inflection"), runtime)
    assert kept == {"idna", "tabulate", "inflection"}
    assert done.lines("evidence: ") == [
        "evidence: this run and 2 earlier ones (pruner trace begins anew)"
    ]
    (row,) = [row for row in done.document.distributions if row.name == "tabulate"]
    assert (row.level, row.proof[0].by) == ("observed", "app/__main__.py:3")
    assert [agent.name for agent in done.document.agents] == ["agent"]
    assert len(read_records(tmp_path / ".pruner/app", ["agent"])["agent"].runs) == 2


def test_text_tells_what_each_run_added(tmp_path: Path) -> None:
    for what in ("idna", "tabulate", "idna"):
        argv = ("trace", "app", "--runtime", "local", "--append")
        done = run(*argv, cwd=loading(tmp_path, what))
    lines = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|\d\d+", "N", line) for line in told(done)]
    assert lines == [
        "  run 1 of 3, N: 1 distribution, N modules",
        "  run 2 of 3, N: 1 distribution more (tabulate), N modules, N of them new",
        "  run 3 of 3, N: no distributions more, N modules, none of them new",
    ]
    assert "  started /usr/bin/env (Debian package coreutils)" in map(
        str.rstrip, done.out.splitlines()
    )


def told(done: Done) -> list[str]:
    return [line.rstrip() for line in done.out.splitlines() if line.startswith("  run ")]


@BOTH
def test_programs_are_named_with_their_packages(tmp_path: Path, runtime: str) -> None:
    _, agent = trace(loading(tmp_path, "idna"), runtime=runtime)
    assert [(row.what, row.package) for row in agent.programs] == [("/usr/bin/env", "coreutils")]


def test_a_plain_trace_begins_anew_and_counts_for_no_lock(tmp_path: Path) -> None:
    trace(loading(tmp_path, "idna"), "--append")
    document, agent = trace(loading(tmp_path, "tabulate"))
    assert names(document) == ["tabulate"]
    assert len(agent.runs) == 1
    done, kept = lock(loading(tmp_path, "inflection"))
    assert kept == {"inflection"}
    assert done.lines("evidence: ") == []


def test_two_that_append_at_once_both_count(tmp_path: Path) -> None:
    loading(tmp_path, "idna", sleeps=3)
    argv = ("trace", "app", "--runtime", "local", "--append")
    both = [start(*argv, cwd=tmp_path)]
    assert until(lambda: processes_of(both[0].pid), bool)
    loading(tmp_path, "tabulate", sleeps=3)
    both.append(start(*argv, cwd=tmp_path))
    for process in both:
        assert finish(process).code == 0
    document, agent = trace(loading(tmp_path, "idna"), "--append")
    assert names(document) == ["idna", "tabulate"]
    assert len(agent.runs) == 3


@pytest.mark.gc
def test_what_is_killed_or_fails_keeps_the_last_good_record(tmp_path: Path) -> None:
    trace(loading(tmp_path, "idna"), "--append")
    before = (tmp_path / RECORD).read_bytes()
    process = start(
        "trace", "app", "--runtime", "local", cwd=loading(tmp_path, "tabulate", sleeps=60)
    )
    assert process.stderr is not None
    assert any(line.startswith("run agent ...") for line in process.stderr)
    process.send_signal(signal.SIGKILL)
    finish(process)
    assert (tmp_path / RECORD).read_bytes() == before
    assert run("gc", cwd=tmp_path).code == 0
    assert_nothing_left(process.pid)

    for argv in ((), ("--append",)):
        done = run(
            "trace", "app", "--runtime", "local", *argv, cwd=loading(tmp_path, "nowhere_to_be")
        )
        assert_error(done, 4, "No module named 'nowhere_to_be'")
        assert (tmp_path / RECORD).read_bytes() == before
    _, agent = trace(loading(tmp_path, "tabulate"), "--append")
    assert [row.added_distributions for row in agent.runs] == [("idna",), ("tabulate",)]


@pytest.mark.parametrize(
    "command", [("trace", "app", "--append"), ("lock", "--image", "app")], ids=["trace", "lock"]
)
def test_a_broken_record_is_told_before_anything_is_installed(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = loading(tmp_path, "idna") / RECORD
    path.parent.mkdir(parents=True)
    path.write_text('{"format": "pruner-runs", "version": 1, "runs": [7]}')
    done = run(*command, "--runtime", "local", cwd=tmp_path)
    error = f"error: {RECORD}: is no record of pruner's: Expected `object`, got `int`"
    assert_error(done, 2, error, "`pruner trace app` begins the record anew")
    assert "install the original" not in done.err
    _, agent = trace(tmp_path)
    assert len(agent.runs) == 1


def test_another_version_counts_and_is_said(tmp_path: Path) -> None:
    older = THREE.replace("3.10", "3.9")
    trace(loading(tmp_path, "idna", "tabulate", requirements=older), "--append")
    done, kept = lock(loading(tmp_path, "tabulate"))
    assert kept == {"idna", "tabulate"}
    (finding,) = done.document.findings
    assert (finding.code, finding.severity, finding.where) == ("PRN111", "note", "idna")
    assert finding.what == "was traced with idna 3.9, now 3.10"


def test_a_project_that_has_moved_keeps_its_record(tmp_path: Path) -> None:
    trace(loading(tmp_path / "old", "idna"), "--append")
    shutil.move(tmp_path / "old", tmp_path / "new")
    document, agent = trace(loading(tmp_path / "new", "idna"), "--append")
    assert names(document) == ["idna"]
    assert agent.runs[1].added_modules == 0
    runs = msgspec.json.decode((tmp_path / "new" / RECORD).read_bytes())["runs"]
    assert [row["place"]["root"] for row in runs] == [
        str(tmp_path / "old"),
        str(tmp_path / "new"),
    ]


@pytest.mark.engine
def test_a_record_of_docker_counts_in_the_local_sandbox(tmp_path: Path) -> None:
    trace(loading(tmp_path, "idna"), "--append", runtime="docker")
    document, agent = trace(loading(tmp_path, "tabulate"), "--append")
    assert names(document) == ["idna", "tabulate"]
    assert [row.added_distributions for row in agent.runs] == [("idna",), ("tabulate",)]
