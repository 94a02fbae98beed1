import shutil
from pathlib import Path

import msgspec
import pytest

from support import Done, finish, start

CASE = Path(__file__).parent / "cases" / "late-route"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain") / "case"
    shutil.copytree(CASE, folder)
    done = finish(start("lock", "--image", "app", "--runtime", "local", "--json", cwd=folder))
    assert done.code == 0, done.err
    return folder


def explain(folder: Path, *argv: str) -> Done:
    return finish(start("explain", "app", *argv, cwd=folder))


def test_what_is_required_names_the_line_that_imports_it(locked: Path) -> None:
    done = explain(locked, "Tabulate")
    assert done.code == 0
    first, why, title, proof, users, *_ = done.out.splitlines()
    assert first.startswith("tabulate 0.")
    assert ": keep (required), " in first
    assert why == "why: imported by app/__main__.py:7, not loaded in this run"
    assert (title, proof) == ("proof:", "  import (function): tabulate by app/__main__.py:7")
    assert users == "used by: the code of app"


def test_what_was_left_out_says_what_would_keep_it(locked: Path) -> None:
    done = explain(locked, "idna", "--why-not")
    assert ": drop (unused), " in done.out
    assert "no agent loaded or read a file of it" in done.out
    assert done.out.endswith('  [images.app]\n  keep = ["idna"]\n')


def test_as_json_it_is_the_verdict_and_the_sizes(locked: Path) -> None:
    found = msgspec.json.decode(explain(locked, "idna", "--json").out)
    assert found["verdict"]["verdict"] == "drop"
    assert found["with_it"] - found["without_it"] == found["verdict"]["size_bytes"]


def test_a_name_that_is_not_installed_gets_the_nearest_one(locked: Path) -> None:
    done = explain(locked, "tabulat")
    assert done.code == 2
    assert done.err == "error: app has no distribution 'tabulat'\nhint: did you mean tabulate?\n"


def test_without_a_lock_it_says_how_to_get_one(tmp_path: Path) -> None:
    shutil.copytree(CASE, tmp_path / "case")
    done = explain(tmp_path / "case", "idna")
    assert done.code == 2
    assert "there is no lock yet" in done.err
    assert "hint: `pruner lock --image app` makes one" in done.err
