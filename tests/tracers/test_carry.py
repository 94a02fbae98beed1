"""Copying distributions of an interpreter into a folder, by the oldest Python as well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pruner.sandbox.workspace import tracers
from support import VERSIONS, interpreter

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


def _distribution(site: Path, name: str, record: str) -> None:
    info = site / f"{name}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n\nname: x\n")
    (info / "RECORD").write_text(record)


@pytest.mark.parametrize("version", [VERSIONS[0], OURS])
def test_what_a_record_lists_is_copied(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version}")
    site = tmp_path / "lib/python3/site-packages"
    record = "My_App-1.dist-info/RECORD,,\nmy/app.py,,\nmy/gone.py,,\nmy/app.pyc,,\nkept.py,,\n"
    record += "../../../bin/my-app,,\n../../../share/x,,\n../../../../../../etc/passwd,,\n"
    _distribution(site, "My_App", record)
    _distribution(site, "other", "other.py,,\n")
    for name in ("my/app.py", "my/app.pyc", "kept.py", "other.py"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text("new")
    for name in ("bin/my-app", "share/x"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("new")
    to = tmp_path / "to"
    to.mkdir()
    (to / "kept.py").write_text("old")
    order = {"to": str(to), "site": [str(site), "/none"], "names": ["my-app", "not-there"]}
    argv = [python, "-I", "-S", str(tracers() / "carry.py"), json.dumps(order)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["my-app"]
    found = {str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()}
    assert found == {"My_App-1.dist-info/RECORD", "my/app.py", "kept.py", "bin/my-app"}
    assert (to / "kept.py").read_text() == "old"
