"""Print what pruner itself costs: its start, its share of a job's time, and its memory.

    python scripts/bench/whole.py --project sample_agents --image speech_gpu

The start is a ratio to a bare interpreter's, medians of paired runs. The share comes from the job's
own account of its time. The memory is the peak of pruner's own process, read from the kernel while
it runs; its sandboxes are not in it. Wheels have to be cached: run `pruner lock` once before.
"""

import argparse
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

PRUNER = Path(sys.executable).parent / "pruner"


def seconds(command: list[str]) -> float:
    """Return the wall seconds of one run."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def start(pairs: int) -> None:
    """Compare `pruner --help` with an interpreter that does nothing."""
    rows = [
        (seconds([str(PRUNER), "--help"]), seconds([sys.executable, "-c", "pass"]))
        for _ in range(pairs + 1)
    ][1:]
    ratio = statistics.median(ours / bare for ours, bare in rows)
    print(
        f"pruner --help: median {statistics.median(ours for ours, _ in rows):.3f} s,"
        f" {ratio:.1f} times a bare interpreter's start, {pairs} pairs"
    )


def job(project: Path, image: str, runtime: str) -> None:
    """Run one job, and print its own account of its time and the peak of its memory."""
    command = [str(PRUNER), "lock", "--image", image, "--runtime", runtime, "--json"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, peak_bytes(process.pid))
            time.sleep(0.02)
        told = process.stderr.read() if process.stderr else ""
    line = next((line for line in told.splitlines() if line.startswith("time: ")), told[-300:])
    share = re.search(r"own share (\d+) %", line)
    print(f"lock {image} ({runtime}, exit {process.returncode}): {line}")
    print(f"own share {share[1] if share else '?'} %, peak of pruner itself {peak >> 20} MiB")


def peak_bytes(pid: int) -> int:
    """Return the peak of a process's resident memory so far, 0 once it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    match = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(match[1]) * 1024 if match else 0


def main() -> None:
    """Parse the call, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--project", type=Path, default=Path("sample_agents"))
    parser.add_argument("--image", default="speech_gpu")
    parser.add_argument("--runtime", default="local", choices=["local", "docker"])
    parser.add_argument("--pairs", type=int, default=15)
    args = parser.parse_args()
    start(args.pairs)
    job(args.project, args.image, args.runtime)


if __name__ == "__main__":
    main()
