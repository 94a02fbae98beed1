"""`pruner verify` on a lock that somebody has changed by hand."""

from pathlib import Path

import pytest

from support import project, run

TRIED = """\
try:
    import idna
except ImportError:
    idna = None
import iniconfig
print(iniconfig.IniConfig)
"""


@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.engine)])
def test_what_the_code_copes_without_is_missed_all_the_same(tmp_path: Path, runtime: str) -> None:
    """Every outcome is as before; only that each kept import name is touched tells."""
    root = project(tmp_path, code=TRIED, requirements="idna==3.10\niniconfig==2.0.0\n")
    done = run("lock", "--image", "app", "--runtime", runtime, "--once", "--json", cwd=root)
    assert done.code == 0, done.err
    assert done.document.proof is not None
    assert done.document.proof.touched == ("idna", "iniconfig")
    lock = root / "locks/app/requirements.txt"
    head, _, pins = lock.read_text(encoding="utf-8").partition("\nidna==")
    lock.write_text(f"{head}\niniconfig=={pins.partition('iniconfig==')[2]}", encoding="utf-8")
    again = run("verify", "app", "--runtime", runtime, "--json", cwd=root)
    assert again.code == 1, again.err
    assert again.document.proof is not None
    assert again.document.proof.differences == ("idna can no longer be imported whole",)
