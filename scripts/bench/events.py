"""Print what reading one million events costs: seconds and the most memory, medians of some runs.

    python scripts/bench/events.py --runs 5

Two folders are written, both of 1,000,000 events in all. "workers" is what a pool leaves: every
process has loaded the same modules, and only some of its lines are its own. "distinct" is the worst
that the bounds let through: as many different names as they allow, in every kind. Each run is a
fresh process that reads the folder and nothing else; memory is its peak, Python included. That is
VmHWM of /proc/self/status: ru_maxrss would count what this process held when it started the other.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from pruner.trace import events, rows

EVENTS = 1_000_000
WORKERS = 40
SITE = "/venv/lib/python3.11/site-packages"
READ = """\
import sys, time
from pathlib import Path
from pruner.trace.events import read_events
begin = time.perf_counter()
loaded = len(read_events(Path(sys.argv[1])).loaded) if sys.argv[1] != "." else 0
seconds = time.perf_counter() - begin
most = next(row for row in open("/proc/self/status") if row.startswith("VmHWM"))
print(seconds, int(most.split()[1]) / 1024, loaded)
"""


def header(pid: int) -> dict[str, object]:
    """Return the header of a process."""
    return {
        "format": rows.FORMAT, "version": rows.VERSION, "pid": pid, "ppid": 1,
        "python": "3.11.7", "implementation": "cpython", "executable": "/venv/bin/python",
        "prefix": "/venv", "argv": ["python", "-m", "app"], "started": 1.5, "inherits": None,
    }  # fmt: skip


def module(at: int) -> str:
    """Return a name as long as those of real modules are."""
    return f"package_{at % 97}.part_{at % 11}.submodule_{at}"


def asked(at: int) -> str:
    """Return the line that an import stands on."""
    return f"{SITE}/package_{at % 97}/part_{at % 13}/importer_{at % 1009}.py:{at % 400 + 1}"


def common(count: int) -> Iterator[list[str | None]]:
    """Yield what every worker does: in the main modules, as after a heavy import."""
    for at in range(count):
        name = module(at)
        path = f"{SITE}/{name.replace('.', '/')}"
        if at % 20 < 13:  # noqa: PLR2004  the mix of a traced torch and transformers
            yield ["module", name, f"{path}.py", asked(at)]
        elif at % 20 < 15:  # noqa: PLR2004
            yield ["extension", name, f"{path}.cpython-311-x86_64-linux-gnu.so", asked(at)]
        elif at % 20 < 16:  # noqa: PLR2004
            yield ["library", f"{SITE}/package_{at % 97}.libs/lib{at}-0123abcd.so.1"]
        elif at % 20 < 18:  # noqa: PLR2004
            yield ["attempt", name, asked(at)]
        elif at % 20 < 19:  # noqa: PLR2004
            yield ["open", f"{path}/data.json", asked(at)]
        else:
            yield ["open", f"{SITE}/package_{at % 97}-1.0.dist-info/METADATA", asked(at)]


def own(worker: int, count: int) -> Iterator[list[str | None]]:
    """Yield what one worker does alone."""
    for at in range(count):
        by = f"/app/workers/worker_{worker}.py:{at + 1}"
        yield ["module", module(at), f"{SITE}/{module(at).replace('.', '/')}.py", by]


def write_workers(folder: Path) -> None:
    """Write the folder of a pool: nine in ten lines are those of every other worker."""
    each = EVENTS // WORKERS
    lines = encoded(common(each - each // 10))
    for worker in range(WORKERS):
        write(folder, worker + 100, [*lines, *encoded(own(worker, each // 10))])


def write_distinct(folder: Path) -> None:
    """Write as many names as the bounds allow, then the same ones again from other lines."""
    kept = 0
    lines: list[list[str | None]] = []
    kinds = ("module", "extension", "library", "attempt", "open", "spawn", "dlopen", "connect")
    for at in itertools.count():
        what = kinds[at % len(kinds)]
        names = [f"/n/{module(at)}"]
        kept += KEPT.get(what, 1)
        if kept > events.MAX_DISTINCT:
            break
        names += [f"{SITE}/{module(at)}.py"] * (what in {"module", "extension"})
        by = [asked(at)] if what != "library" else []
        lines.append([what, *names, *by])
    whole = encoded(lines)
    for pid, start in enumerate(range(0, EVENTS, 250_000), 100):
        turned = itertools.islice(itertools.cycle(whole), start, start + 250_000)
        write(folder, pid, list(turned))


KEPT = {"module": 2, "extension": 2}


def encoded(lines: Iterable[list[str | None]]) -> list[str]:
    """Return the lines as the tracer writes them."""
    return [json.dumps(line, separators=(",", ":")) + "\n" for line in lines]


def write(folder: Path, pid: int, lines: list[str]) -> None:
    """Write the file of one process."""
    path = folder / f"{pid}-00000000.events"
    path.write_text(json.dumps(header(pid)) + "\n" + "".join(lines), encoding="utf-8")


def measure(folder: Path) -> tuple[float, float, int]:
    """Return seconds, MiB and the number of loaded files of one run in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", READ, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    seconds, memory, loaded = done.stdout.split()
    return float(seconds), float(memory), int(loaded)


def main() -> None:
    """Parse the call, write, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print(f"{'folder':10} {'MB':>5} {'s median':>9} {'s worst':>8} {'MiB':>6} {'loaded':>7}")
    print(f"{'nothing':10} {'':>5} {'':>9} {'':>8} {measure(Path())[1]:6.0f}")
    for name, make in (("workers", write_workers), ("distinct", write_distinct)):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            make(folder)
            size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
            found = [measure(folder) for _ in range(runs)]
        seconds = [run[0] for run in found]
        memory = max(run[1] for run in found)
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"{name:10} {size:5.0f} {middle:9.2f} {worst:8.2f} {memory:6.0f} {found[0][2]:7}")


if __name__ == "__main__":
    main()
