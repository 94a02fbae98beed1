"""Print what tracing costs a heavy import: medians of paired runs, against no tracing at all.

    python scripts/bench/tracer.py --python .venv/bin/python --pairs 15 --modules numpy,torch

Each pair is a round of fresh processes, one a mode, in an order that turns with every round; a
ratio is taken within its round, so that a machine that slows down slows all modes; "fastest" is the
ratio of the fastest runs, which other work on the machine disturbs least. CPU seconds are user and
system time of the process, from the kernel.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRACER = Path(__file__).resolve().parents[2] / "tracers" / "pruner_tracer.py"
START = "import sys; sys.path.append({home!r}); import pruner_tracer; pruner_tracer.start(); "


def commands(python: str, modules: list[str], home: Path) -> dict[str, list[str]]:
    """Return the command of every mode."""
    code = "import " + ", ".join(modules)
    return {
        "plain": [python, "-c", code],
        "traced": [python, "-c", START.format(home=str(home)) + code],
        "importtime": [python, "-X", "importtime", "-c", code],
    }


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return its CPU seconds and its wall seconds."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit {process.returncode}: {command}")
    return usage.ru_utime + usage.ru_stime, wall


def rounds(modes: dict[str, list[str]], pairs: int, home: Path) -> list[dict[str, float]]:
    """Return CPU and wall seconds of every mode, one dict a round, after one that only warms."""
    results = []
    names = list(modes)
    for turn in range(pairs + 1):
        row = {}
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            row[f"{name} cpu"], row[f"{name} wall"] = measure(modes[name])
        for file in (home / "out").iterdir():
            row["events"] = len(file.read_bytes().splitlines()) - 1
            file.unlink()
        results.append(row)
    return results[1:]


def report(results: list[dict[str, float]]) -> None:
    """Print one line a mode."""
    for name in ("traced", "importtime"):
        for clock in ("cpu", "wall"):
            ratios = [row[f"{name} {clock}"] / row[f"plain {clock}"] for row in results]
            low, _, high = statistics.quantiles(ratios, n=4)
            least = [min(row[f"{mode} {clock}"] for row in results) for mode in (name, "plain")]
            print(
                f"{name:10} {clock:4} / plain  median {statistics.median(ratios):.4f}"
                f"  quartiles {low:.4f} to {high:.4f}  fastest {least[0] / least[1]:.4f}"
            )
    for clock in ("cpu", "wall"):
        seconds = statistics.median(row[f"plain {clock}"] for row in results)
        print(f"plain {clock} {seconds:.3f} s")
    print(f"pairs {len(results)}, events {results[-1]['events']:.0f}")


def importable(python: str, modules: list[str]) -> list[str]:
    """Return those of the modules that the interpreter finds."""
    check = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
    command = [python, "-c", check]
    found = [
        name for name in modules if subprocess.run([*command, name], check=False).returncode == 0
    ]
    return found or sys.exit(f"none of {modules} is importable with {python}")


def main() -> None:
    """Parse the call, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--modules", default="numpy,torch")
    args = parser.parse_args()
    modules = importable(args.python, args.modules.split(","))
    print(f"import {', '.join(modules)} with {args.python}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "out").mkdir()
        shutil.copy(TRACER, home)
        report(rounds(commands(args.python, modules, home), args.pairs, home))


if __name__ == "__main__":
    main()
