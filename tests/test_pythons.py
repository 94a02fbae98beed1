"""Every Python that agents may have, from lock to proof, in the local sandbox.

A version that is not on this machine is skipped; `scripts/pythons` gets the newest.
"""

import os
import sys
from pathlib import Path

import pytest

from support import VERSIONS, Done, assert_nothing_left, interpreter, project, run

REQUIREMENTS = "idna==3.10\nmsgpack\npackaging==24.0\ncertifi==2024.8.30\nsix==1.17.0\n"
CODE = """\
import subprocess, sys, threading
from importlib.metadata import version

def work():
    import idna
    print(idna.encode("x.example"))

thread = threading.Thread(target=work)
thread.start()
thread.join()
import msgpack._cmsgpack
print(version("packaging"))
child = "import certifi; print(certifi.where())"
subprocess.run([sys.executable, "-I", "-c", child], env={}, check=True)
"""


def lock(root: Path, python: str) -> Done:
    """Run a lock with an interpreter first on PATH, as a person has it who uses that version."""
    path = f"{Path(python).parent}:{os.environ['PATH']}"
    call = ("lock", "--image", "app", "--policy", "safe", "--runtime", "local", "--json")
    done = run(*call, cwd=root, env={"PATH": path})
    assert done.code == 0, done.err
    assert_nothing_left(done.pid)
    return done


def test_a_version_that_is_on_no_path(tmp_path: Path) -> None:
    """pyenv's own programs on PATH stand for versions that were not chosen; they only fail."""
    found("3.9")
    shim = tmp_path / "shims" / "python3.9"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho pyenv: python3.9: command not found >&2\nexit 127\n")
    shim.chmod(0o755)
    root = project(tmp_path / "project", image='python = "3.9"')
    assert lock(root, str(shim)).document.python.startswith("3.9.")


def found(version: str) -> str:
    """Return the interpreter of a version, or skip the test."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    return python


@pytest.mark.parametrize("version", VERSIONS)
def test_from_lock_to_proof(tmp_path: Path, version: str) -> None:
    image = f'python = "{version}"'
    root = project(tmp_path, code=CODE, requirements=REQUIREMENTS, image=image)
    document = lock(root, found(version)).document
    assert document.python.startswith(f"{version}.")
    kept = {item.name: item for item in document.distributions if item.kept}
    assert set(kept) == {"certifi", "idna", "msgpack", "packaging"}
    assert {item.level for item in kept.values()} == {"observed"}
    kinds = {name: {proof.kind for proof in item.proof} for name, item in kept.items()}
    assert "module" in kinds["idna"], "imported in a thread"
    assert "extension" in kinds["msgpack"]
    assert kinds["packaging"] & {"metadata", "module"} == {"metadata"}
    assert "module" in kinds["certifi"], "imported by a child that is isolated and has no variables"
    assert [agent.status for agent in document.agents] == ["ok"]
    assert document.proof is not None
    assert (document.proof.passed, document.proof.rounds) == (True, 1)
    assert document.lock is not None
    assert document.lock.pins == len(kept)
    pylock = (root / document.lock.pylock).read_text(encoding="utf-8")
    assert version in pylock


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="pruner's own Python reads this syntax")
def test_syntax_that_is_newer_than_ours(tmp_path: Path) -> None:
    """What a lazy import loads is seen when it does; that of the other one may run one day.

    The file that we cannot read is named, and its import statements are read all the same.
    """
    root = project(
        tmp_path,
        code="lazy import idna\nlazy import six\nprint(idna.encode('x.example'))\n",
        requirements="idna==3.10\nsix==1.17.0\n",
        image='python = "3.15"',
    )
    document = lock(root, found("3.15")).document
    kept = {
        item.name: (item.level, item.proof[0].by) for item in document.distributions if item.kept
    }
    assert kept == {
        "idna": ("observed", "app/__main__.py:3"),
        "six": ("required", "app/__main__.py:2"),
    }
    (finding,) = document.findings
    assert (finding.code, finding.where) == ("PRN102", "app/__main__.py:1")
