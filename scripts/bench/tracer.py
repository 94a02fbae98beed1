"""Print what tracing costs a heavy import, beside `-X importtime` and envcore, in one run.

    python scripts/bench/tracer.py --python VENV/bin/python --pairs 15 --modules torch,transformers

A round is two fresh processes of every variant, once in an order that turns with every round and
once back, so that a machine that gets slower or faster meanwhile does so for all of them; the first
round only warms. A ratio is taken within its round; "fastest" is the ratio of the fastest rounds,
which other work on the machine disturbs least. CPU seconds are user and system time of the process,
from the kernel. As in a sandbox, where it may write nothing, the tracer is compiled at every start.

envcore replaces `builtins.__import__`. It is installed into a folder that is removed again; where
it cannot be, the table says so.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

TRACER = Path(__file__).resolve().parents[2] / "tracers" / "pruner_tracer.py"
PATH = "import sys; sys.path.append({home!r}); "
TRACED = (
    PATH + "sys.dont_write_bytecode = True; import pruner_tracer; "
    "sys.dont_write_bytecode = False; pruner_tracer.start(); "
)
ENVCORE = PATH + "import envcore; envcore.start_tracking(); "
PLAIN = "plain"

Round = dict[str, tuple[float, float]]  # variant -> CPU seconds, wall seconds


def commands(
    python: str, modules: list[str], home: Path, envcore: Path | None
) -> dict[str, list[str]]:
    """Return the command of every variant."""
    code = "import " + ", ".join(modules)
    variants = {
        PLAIN: [python, "-c", code],
        "traced": [python, "-c", TRACED.format(home=str(home)) + code],
        "importtime": [python, "-X", "importtime", "-c", code],
    }
    if envcore is not None:
        variants["envcore"] = [python, "-c", ENVCORE.format(home=str(envcore)) + code]
    return variants


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


def mean(runs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the mean CPU seconds and the mean wall seconds."""
    cpu, wall = zip(*runs, strict=True)
    return statistics.fmean(cpu), statistics.fmean(wall)


def rounds(variants: dict[str, list[str]], pairs: int, out: Path) -> tuple[list[Round], int]:
    """Return the rounds but the one that warms, and how many events the last one wrote."""
    results: list[Round] = []
    names = list(variants)
    events = 0
    for turn in range(pairs + 1):
        at = turn % len(names)
        there = names[at:] + names[:at]
        runs = [(name, measure(variants[name])) for name in [*there, *reversed(there)]]
        results.append({name: mean(row for other, row in runs if other == name) for name in names})
        for file in out.iterdir():
            events = len(file.read_bytes().splitlines()) - 1
            file.unlink()
    return results[1:], events


def table(results: list[Round]) -> list[tuple[str, ...]]:
    """Return the rows: each variant against the plain start, CPU and wall."""
    rows = [("variant", "clock", "median", "quartiles", "fastest", "seconds")]
    for name in results[0]:
        for clock, at in (("cpu", 0), ("wall", 1)):
            runs = [row[name][at] for row in results]
            ratios = [row[name][at] / row[PLAIN][at] for row in results]
            low, middle, high = statistics.quantiles(ratios, n=4)
            fastest = min(runs) / min(row[PLAIN][at] for row in results)
            cells = [f"{middle:.4f}", f"{low:.4f} to {high:.4f}", f"{fastest:.4f}"]
            rows.append((name, clock, *cells, f"{statistics.median(runs):.3f}"))
    return rows


def importable(python: str, modules: list[str]) -> list[str]:
    """Return those of the modules that the interpreter finds."""
    check = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
    command = [python, "-c", check]
    found = [
        name for name in modules if subprocess.run([*command, name], check=False).returncode == 0
    ]
    return found or sys.exit(f"none of {modules} is importable with {python}")


def installed(python: str, package: str, folder: Path) -> Path | None:
    """Install a package into a folder of its own; None, with a word, where that fails."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    call = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    call += ["--target", str(folder), package]
    try:
        done = subprocess.run(call, check=False, capture_output=True, text=True)
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    except OSError as error:
        said = str(error)
    else:
        if done.returncode == 0:
            return folder
    print(f"without {package}, which cannot be installed: {said.strip()}")
    return None


def main() -> None:
    """Parse the call, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--modules", default="torch,transformers")
    args = parser.parse_args()
    modules = importable(args.python, args.modules.split(","))
    print(f"import {', '.join(modules)} with {args.python}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "out").mkdir()
        shutil.copy(TRACER, home)
        envcore = installed(args.python, "envcore", home / "envcore")
        variants = commands(args.python, modules, home, envcore)
        results, events = rounds(variants, args.pairs, home / "out")
    rows = table(results)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    print(
        f"{args.pairs} rounds of two runs each, ratios to the plain starts of the same round;"
        f" {events} events traced"
    )


if __name__ == "__main__":
    main()
