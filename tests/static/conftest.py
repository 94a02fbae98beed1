import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

# Prints the files under the folder that an import has loaded, whether or not it went well.
ASK = """
import json, os, sys
root, statement, *roots = sys.argv[1:]
sys.path[:0] = [os.path.join(root, each) if each else root for each in roots]
sys.dont_write_bytecode = True
try:
    exec(statement, {"__name__": "asked"})
except ImportError:
    pass
files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
seen = (os.path.relpath(file, root) for file in files if file and file.startswith(root + os.sep))
print(json.dumps(sorted(seen)))
"""

Loaded = Callable[[Path, str, Sequence[str]], list[str]]


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    """Ask a real interpreter which files of a folder a statement loads."""

    def ask(root: Path, statement: str, roots: Sequence[str]) -> list[str]:
        command = [sys.executable, "-I", "-c", ASK, str(root), statement, *roots]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        files: list[str] = json.loads(done.stdout)
        return files

    return ask
