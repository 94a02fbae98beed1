"""Real interpreters with the tracer in them, each in a throwaway environment of its own.

The environment holds what a sandbox holds: a folder with the tracer and `out`, and the two files
in site-packages that start it.
"""

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

from pruner.model import Loaded
from pruner.trace.events import Events, read_events

TRACER = Path(__file__).resolve().parents[1] / "tracers" / "pruner_tracer.py"
SILENT = {"PRUNER_TRACER": "off"}


class Home:
    """An environment with the tracer in it. Modules go to site-packages, programs to `work`."""

    def __init__(self, root: Path, python: str) -> None:
        self.folder = root / "tracer"
        self.out = self.folder / "out"
        self.work = root / "work"
        self.out.mkdir(parents=True)
        self.work.mkdir()
        shutil.copy(TRACER, self.folder)
        subprocess.run([python, "-m", "venv", "--without-pip", str(root / "venv")], check=True)
        self.python = root / "venv" / "bin" / "python"
        (self.site,) = root.glob("venv/lib/python3*/site-packages")
        self.install("pruner_tracer.start()")

    def install(self, call: str) -> None:
        """Write the two files that get the tracer in."""
        line = f"{self.folder}\nimport pruner_tracer; {call}\n"
        (self.site / "00_pruner.pth").write_text(line)
        (self.site / "00_pruner.start").write_text("pruner_tracer:start\n")

    def module(self, name: str, text: str = "") -> Path:
        """Write a module into site-packages."""
        path = self.site / (name.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start(
        self, program: str, *options: str, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a program, its output in pipes."""
        script = self.work / "program.py"
        script.write_text(textwrap.dedent(program))
        return subprocess.Popen(
            [self.python, *options, script],
            cwd=self.work,
            env=(os.environ | env) if env is not None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, program: str, *options: str, env: dict[str, str] | None = None, code: int = 0
    ) -> str:
        """Run a program to its end; return what it printed. It may print no error."""
        with self.start(program, *options, env=env) as process:
            out, errors = process.communicate(timeout=60)
        assert (errors, process.returncode) == ("", code)
        return out

    def events(self) -> Events:
        """Read what was recorded."""
        return read_events(self.out)

    def loaded(self, name: str) -> Loaded | None:
        """Return the record of a module, if there is one with a file."""
        return next((item for item in self.events().loaded if item.what == name), None)

    def knows(self, *names: str) -> bool:
        """Tell whether all of these modules were recorded from site-packages."""
        files = {item.what: item.file for item in self.events().loaded}
        return all(files.get(name, "").startswith(f"{self.site}/") for name in names)
