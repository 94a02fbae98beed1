"""The guard that a lock comes with, where that lock is installed as an image would install it."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from pruner.sandbox import uv
from support import assert_error, environment, project, run

CODE = """\
import idna
print(idna.encode("x.example"))
"""
LATER = """\
import idna
import tabulate
"""


class Shipped(msgspec.Struct, frozen=True):
    """A project that was locked, and an environment that was made from its lock."""

    root: Path
    python: Path
    log: Path

    def python_run(self, code: str, switch: str | None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.python, "-c", code],
            env=environment({"PRUNER_GUARD": switch, "PRUNER_GUARD_LOG": str(self.log)}),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    root = project(
        tmp_path_factory.mktemp("guard"), code=CODE, requirements="idna==3.10\ntabulate==0.9.0\n"
    )
    done = run("lock", "--image", "app", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err
    assert "      locks/app/pruner_guard.py" in done.out.splitlines()
    lock, venv = root / "locks" / "app", root / "shipped"
    wanted = msgspec.json.decode((lock / "verdicts.json").read_bytes())["python"]
    for argv in (
        ["venv", "--quiet", "--python", wanted, str(venv)],
        [
            "pip",
            "sync",
            "--quiet",
            "--python",
            f"{venv}/bin/python",
            str(lock / "requirements.txt"),
        ],
    ):
        subprocess.run([uv.binary(), *argv], check=True, env=uv.variables(), timeout=120)
    (site,) = venv.glob("lib/python3*/site-packages")
    for path in lock.glob("pruner_guard.*"):
        shutil.copy(path, site)
    return Shipped(root, venv / "bin" / "python", root / "missed.jsonl")


def test_the_header_says_how_it_is_switched_on(shipped: Shipped) -> None:
    text = (shipped.root / "locks" / "app" / "requirements.txt").read_text()
    assert "PRUNER_GUARD=1" in text


def test_off_it_changes_nothing_and_on_it_names_what_was_left_out(shipped: Shipped) -> None:
    off, on = (shipped.python_run(LATER, switch) for switch in (None, "1"))
    assert off.returncode == on.returncode == 1
    assert off.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'tabulate'"
    assert on.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: No module named 'tabulate' (pruner left out tabulate 0.9.0:"
        ' nothing needs it. To keep it, add "tabulate" to keep of images.app in pruner.toml and'
        " run `pruner lock --image app`)"
    )
    good = shipped.python_run(CODE, "1")
    assert (good.stdout, good.stderr) == ("b'x.example'\n", "")


def test_explain_lists_where_it_was_missed(shipped: Shipped) -> None:
    shipped.log.unlink(missing_ok=True)
    shipped.python_run(LATER, "1")
    argv = ("explain", "app", "tabulate", "--missed", str(shipped.log))
    done = run(*argv, cwd=shipped.root)
    assert done.code == 0, done.err
    last = done.out.splitlines()[-1]
    assert last.startswith("missed: import of tabulate by <string>:2, first at 20")
    (item,) = msgspec.json.decode(run(*argv, "--json", cwd=shipped.root).out)["missed"]
    assert item["left_out"] == {"tabulate": "0.9.0"}
    other = run("explain", "app", "idna", "--missed", str(shipped.log), cwd=shipped.root)
    assert other.out.splitlines()[-1] == "missed: nothing, as far as this file says"
    with shipped.log.open("a") as file:
        file.write("{}\n")
    assert_error(run(*argv, cwd=shipped.root), 3, "missed.jsonl:2: not a line of the guard's")
    assert_error(run(*argv[:-1], "nowhere", cwd=shipped.root), 2, "nowhere: there is no such file")
