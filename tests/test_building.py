"""What a lock has for releases without a wheel, through the installed command."""

import re
import subprocess
import sys
from pathlib import Path

from pruner.sandbox import uv
from support import assert_nothing_left, project, run

OLD = "import demjson\nassert demjson.decode('{a: 1}') == {'a': 1}\n"


def test_both_installers_build_from_the_lock_and_nothing_is_left_of_it_after(
    tmp_path: Path,
) -> None:
    root = project(tmp_path / "p", code=OLD, requirements="demjson==2.2.4\n")
    done = run("lock", "--image", "app", "--once", "--runtime", "local", "--json", cwd=root)
    assert done.code == 0, done.err
    assert_nothing_left(done.pid)
    (finding,) = done.document.findings
    assert (finding.code, finding.where) == ("PRN121", "demjson==2.2.4")
    assert re.search(r"is built with setuptools==\S+", finding.what)
    lock, built = (
        root / "locks/app" / name for name in ("requirements.txt", "build-constraints.txt")
    )
    assert "--build-constraints build-constraints.txt" in lock.read_text(encoding="utf-8")
    pins = re.findall(r"^(\S+)==\S+ \\\n    --hash=sha256:", built.read_text("utf-8"), re.MULTILINE)
    assert "setuptools" in pins
    _builds(lock, built, tmp_path)

    project(root, code="import idna\n", requirements="idna==3.10\n")
    done = run("lock", "--image", "app", "--once", "--runtime", "local", cwd=root)
    assert done.code == 0, done.err
    assert not built.exists()
    assert "build-constraints" not in lock.read_text(encoding="utf-8")


def _builds(lock: Path, built: Path, folder: Path) -> None:
    """Install the lock with uv and with pip, both from empty caches."""
    for name in ("uv", "pip"):
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        python = str(folder / name / "bin" / "python")
        if name == "uv":
            cache = str(folder / "cache")
            argv = [str(uv.binary()), "pip", "sync", "--no-config", "--cache-dir", cache]
            argv += ["--python", python, "--require-hashes", "--build-constraints", str(built)]
        else:
            pip = [python, "-m", "pip", "-q", "--isolated"]
            subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
            argv = [*pip, "install", "--no-cache-dir", "--no-deps", "--require-hashes"]
            argv += ["--build-constraint", str(built), "-r"]
        done = subprocess.run([*argv, str(lock)], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        subprocess.run([python, "-c", OLD], check=True)
