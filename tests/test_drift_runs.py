"""`pruner drift` with its runs, through the installed command and in the local sandbox."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from drifting import LOCK, NIGHT, copied, image_of, locks, replace, told
from support import assert_error, assert_nothing_left, finish, project, run, start

# Which plugins there are stands in a file, so no text of the code names them.
CODE = """\
import importlib
import sys
from pathlib import Path

import idna
import yaml

print(idna.encode("x.example"), yaml.safe_load("a: 1"))
for name in Path("app/plugins.txt").read_text().split():
    importlib.import_module(name)
"""
REQUIREMENTS = "idna==3.10\npyyaml==6.0.2\ntabulate==0.9.0\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a lock, once."""
    root = project(tmp_path_factory.mktemp("made"), code=CODE, requirements=REQUIREMENTS)
    (root / "app/plugins.txt").write_text("json\n")
    done = run(*LOCK, cwd=root)
    assert done.code == 0, done.err
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the project with a lock."""
    return copied(made, tmp_path)


def drift(root: Path, *more: str, code: int = 1) -> list[tuple[str, str, str]]:
    """Return (code, where, what) of everything that is found; nothing in locks/ changes."""
    before = locks(root)
    done = run(*NIGHT, "--json", *more, cwd=root)
    assert done.code == code, done.out + done.err
    assert_nothing_left(done.pid)
    assert locks(root) == before
    return told(done)


def recorded(root: Path) -> list[dict[str, Any]]:
    """Return the runs in the history, the newest first."""
    rows: list[dict[str, Any]] = msgspec.json.decode(run("history", "app", "--json", cwd=root).out)[
        "runs"
    ]
    return rows


def standing(root: Path) -> dict[str, Any]:
    """Return where the image stands."""
    (row,) = msgspec.json.decode(run("status", "--json", cwd=root).out)["images"]
    return dict(row)


def test_what_is_called_for_is_done_again(root: Path) -> None:
    assert drift(root, code=0) == []
    for change in ("app/__main__.py", "app/plugins.txt", "requirements.txt", "Dockerfile"):
        with (root / change).open("a") as file:
            file.write("\n")
        done = run(*NIGHT, "--json", cwd=root)
        assert done.code == 0, done.err
        assert image_of(done)["traced"], change
    (root / ".pruner/app/drift.json").write_text("nonsense")
    assert image_of(run(*NIGHT, "--json", cwd=root))["traced"]


def test_a_distribution_that_appears_only_by_a_plugin(root: Path) -> None:
    assert drift(root, code=0) == []
    (root / "app/plugins.txt").write_text("json tabulate\n")
    assert run("drift", "--static", cwd=root).code == 0
    found = [row for row in drift(root) if row[0] != "PRN577"]
    assert [row[0] for row in found] == ["PRN570"]
    assert found[0][2] == (
        "tabulate 0.9.0 is loaded by the image's own code in agent (observed);"
        " it was left out (unused)"
    )
    # What was found is found again the next night: nothing was kept.
    assert [row for row in drift(root) if row[0] != "PRN577"] == found


def test_a_requirement_added_that_is_not_needed(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "idna==3.10\nsix==1.17.0\n")
    found = drift(root)
    assert [row[:2] for row in found] == [
        ("PRN510", "requirements.txt:2"),
        ("PRN574", "requirements.txt:2"),
    ]
    assert found[1][2] == "six 1.17.0 is new in the original, and nothing needs it"


def test_another_version_is_installed(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "idna==3.9\n")
    found = [row for row in drift(root) if row[0] != "PRN577"]
    assert [row[0] for row in found] == ["PRN512", "PRN573"]
    assert found[1][2] == "idna 3.9 is installed, and the lock has 3.10"


def test_evidence_that_got_weaker_is_a_note(root: Path) -> None:
    replace(root / "app/__main__.py", "import yaml\n", "")
    replace(
        root / "app/__main__.py",
        ', yaml.safe_load("a: 1"))\n',
        ")\n\ndef more():\n    import yaml\n",
    )
    ((code, where, what),) = drift(root, code=0)
    assert (code, where) == ("PRN572", "requirements.txt:2")
    assert what.startswith("the evidence for pyyaml was observed and is required: ")


def test_what_is_no_longer_needed(root: Path) -> None:
    replace(root / "app/__main__.py", "import yaml\n", "")
    replace(root / "app/__main__.py", ', yaml.safe_load("a: 1")', "")
    found = drift(root)
    assert [row[:2] for row in found] == [
        ("PRN571", "requirements.txt:2"),
        ("PRN577", "images.app"),
    ]
    assert found[0][2] == (
        "pyyaml 6.0.2 was kept (observed) and would go (unused): nothing needs it"
    )


def test_an_agent_that_fails(root: Path) -> None:
    replace(root / "app/__main__.py", "import idna\n", "import idna, nothing_has_this\n")
    done = run(*NIGHT, "--json", cwd=root)
    assert done.code == 4, done.out + done.err
    row = recorded(root)[0]
    assert (row["command"], row["outcome"], row["exit"]) == ("drift", "failed", 4)
    document = msgspec.json.decode(done.out)
    (error,) = document["errors"]
    assert (error["image"], error["code"]) == ("app", 4)
    assert [row["code"] for row in document["images"][0]["findings"]] == ["PRN501"]


def test_an_update(root: Path) -> None:
    before = locks(root)
    done = run(*NIGHT, "--update", cwd=root)
    assert (done.code, done.out) == (0, "")
    assert locks(root) == before
    (root / "app/plugins.txt").write_text("tabulate\n")
    done = run(*NIGHT, "--update", cwd=root)
    assert done.code == 1, done.err
    subject, empty, *body = done.out.splitlines()
    assert subject.startswith("Lock app anew: 1 in; ")
    assert len(subject) <= 72
    assert empty == ""
    assert body[0] == "Comes:"
    assert body[1].startswith("- tabulate 0.9.0 (observed): ")
    assert "Because of:" in body
    assert body[-1] == "Proven with agent in 1 round, local sandbox."
    assert "PRN570" in done.err
    assert "tabulate==0.9.0" in (root / "locks/app/requirements.txt").read_text()
    assert recorded(root)[0]["lock"] == standing(root)["lock"] is not None
    assert (standing(root)["changed"], standing(root)["proven"]) == ([], recorded(root)[0]["at"])
    assert drift(root, code=0) == []
    assert (recorded(root)[0]["lock"], recorded(root)[0]["levels"]["observed"]) == (None, 3)
    (root / "app/more.py").write_text("")
    assert standing(root)["changed"] == ["sources"]
    done = run("rollback", "app", "--list", "--json", cwd=root)
    assert len(msgspec.json.decode(done.out)["accepted"]) == 2


def test_an_update_that_cannot_be_proven_changes_nothing(root: Path) -> None:
    (root / "app/plugins.txt").write_text("tabulate\n")
    # The proof is the second time that it is asked for the same.
    replace(
        root / "app/__main__.py",
        "import importlib\n",
        "import importlib\nimport importlib.metadata\n"
        "importlib.metadata.version('pip')\n"
        "sys_prefix = __import__('sys').prefix\n"
        "assert len(list(importlib.metadata.distributions())) > 4\n",
    )
    before = locks(root)
    done = run(*NIGHT, "--update", cwd=root)
    assert done.code == 1, done.err
    assert done.out == ""
    assert "app: NOT PROVEN, so the lock stays as it was" in done.err
    assert locks(root) == before


def test_releases_that_are_newer_and_one_that_was_withdrawn(tmp_path: Path) -> None:
    code = "import attr, idna\nassert len(idna.__version__.split('.')) == 2, idna.__version__\n"
    requirements = "attrs==21.1.0\nidna==3.4\n"
    root = project(tmp_path, code=code, requirements=requirements)
    assert run(*LOCK, cwd=root).code == 0
    found = drift(root, "--upgrade-check")
    assert [row[:2] for row in found] == [
        ("PRN580", "requirements.txt:1"),
        ("PRN581", "requirements.txt:1"),
        ("PRN581", "requirements.txt:2"),
    ]
    assert found[0][2].startswith("attrs 21.1.0 was withdrawn from its index: Installable but")
    assert found[1][2].endswith("and the lock has 21.1.0; the agents fare with it as before")
    assert found[2][2].startswith("idna 3.")
    assert found[2][2].endswith("and the lock has 3.4; the agents fare with it as before")


def test_a_newer_release_that_is_not_proven_is_not_proposed(tmp_path: Path) -> None:
    code = "import idna, yaml\nassert idna.__version__ == '3.4'\n"
    root = project(tmp_path, code=code, requirements="idna==3.4\npyyaml==6.0.1\n")
    assert run(*LOCK, cwd=root).code == 0
    found = drift(root, "--upgrade-check", code=0)
    assert [row[:2] for row in found] == [
        ("PRN581", "requirements.txt:1"),
        ("PRN581", "requirements.txt:2"),
    ]
    assert "; not proposed: agent" in found[0][2]
    assert found[1][2].endswith("the lock has 6.0.1; the agents fare with it as before")


def test_calls_that_are_wrong(root: Path) -> None:
    for more in ("--fresh", "--update", "--once", "--upgrade-check"):
        assert_error(run("drift", "--static", more, cwd=root), 2, "--static runs nothing")
    assert_error(run("drift", "--nights", "0", cwd=root), 2, "--nights")


def test_two_at_once(root: Path) -> None:
    both = [start(*NIGHT, "--json", "--fresh", cwd=root) for _ in range(2)]
    for process in both:
        done = finish(process)
        assert done.code == 0, done.err
        assert image_of(done)["findings"] == []
