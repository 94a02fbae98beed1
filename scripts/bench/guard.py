"""Print what the guard costs the start of an interpreter: medians of paired runs, off and on.

    python scripts/bench/guard.py --python /usr/bin/python3 --pairs 100 --distributions 300

Each pair is a round of fresh processes that run nothing: without the guard's files, with them and
off, with them and on, and on where no bytecode is written. The order turns with every round; a
difference is taken within its round, and given in milliseconds. "miss" also imports something that
was left out, and writes its line.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pruner.document import SCHEMA, Document
from pruner.lock.guard import guard_files
from pruner.model import Distribution, Inventory, OwnedFile, Verdict

MISS = "try:\n import left_out_1\nexcept ImportError:\n pass"
MODES = {
    "plain": ("0", "", "pass"),
    "off": ("0", "", "pass"),
    "on": ("1", "", "pass"),
    "uncompiled": ("1", "1", "pass"),
    "miss": ("1", "", MISS),
}
"""The switch, whether no bytecode is written, and what is run."""


def guard(count: int) -> dict[str, str]:
    """Return the files of a guard with a table of so many distributions."""
    names = [f"left-out-{number}" for number in range(count)]
    site = "/site"
    dists = tuple(
        Distribution(
            name=name,
            version="1.2.3",
            files=(OwnedFile(f"{site}/{name.replace('-', '_')}/__init__.py"),),
        )
        for name in names
    )
    rows = tuple(
        Verdict(
            name=name,
            version="1.2.3",
            verdict="drop",
            level="unused",
            size_bytes=0,
            why="nothing needs it",
        )
        for name in names
    )
    return guard_files(
        Document(
            schema=SCHEMA,
            image="bench",
            runtime="local",
            policy="safe",
            python="3.11.2",
            distributions=rows,
        ),
        Inventory(
            python="3.11.2",
            executable="",
            markers={"python_version": "3.11"},
            site_dirs=(site,),
            stdlib_dirs=(),
            distributions=dists,
        ),
    )


def milliseconds(python: Path, mode: str, log: Path) -> tuple[float, float]:
    """Run a process of this mode; return its CPU and its wall milliseconds."""
    switch, bytecode, code = MODES[mode]
    env = {
        **os.environ,
        "PRUNER_GUARD": switch,
        "PRUNER_GUARD_LOG": str(log),
        "PYTHONDONTWRITEBYTECODE": bytecode,
    }
    begin = time.perf_counter()
    process = subprocess.Popen([python, "-c", code], env=env)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit {process.returncode}: {mode}")
    return 1000 * (usage.ru_utime + usage.ru_stime), 1000 * wall


def main() -> None:
    """Make the environments, measure, and print one line a mode."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--distributions", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in ("plain", "guarded", "uncompiled"):
            subprocess.run([given.python, "-m", "venv", "--without-pip", root / folder], check=True)
        for site in root.glob("[gu]*/lib/python3*/site-packages"):
            for file, text in guard(given.distributions).items():
                (site / file).write_text(text, encoding="utf-8")
        pythons = dict.fromkeys(MODES, root / "guarded" / "bin" / "python")
        pythons["uncompiled"] = root / "uncompiled" / "bin" / "python"
        pythons["plain"] = root / "plain" / "bin" / "python"
        rounds = []
        names = list(MODES)
        for turn in range(given.pairs + 1):
            order = names[turn % len(names) :] + names[: turn % len(names)]
            rounds.append({m: milliseconds(pythons[m], m, root / "log") for m in order})
    for clock, word in enumerate(("cpu", "wall")):
        base = statistics.median(row["plain"][clock] for row in rounds[1:])
        print(f"plain      {word:4} {base:.2f} ms")
        for mode in names[1:]:
            extra = [row[mode][clock] - row["plain"][clock] for row in rounds[1:]]
            low, middle, high = statistics.quantiles(extra, n=4)
            print(f"{mode:10} {word:4} {middle:+.2f} ms  quartiles {low:+.2f} to {high:+.2f}")
    print(f"pairs {given.pairs}, distributions in the table {given.distributions}")


if __name__ == "__main__":
    main()
