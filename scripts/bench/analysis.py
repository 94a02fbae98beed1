"""Print how long it takes to weigh an image's distributions: the first time, and from the cache.

    python scripts/bench/analysis.py --project sample_agents --image speech_gpu

The environment is prepared and its agents run once, in the local sandbox, which is not measured.
Then installed files are read and everything is weighed and decided: once with no fact known about
any file, and several times with all of them known. The peak is that of this process.
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from pruner.analysis.attribution import Ownership
from pruner.analysis.verdicts import decide
from pruner.analysis.weigh import weigh
from pruner.clock import Clock
from pruner.config import load
from pruner.jobs.observe import Observation, observe
from pruner.jobs.study import study
from pruner.model import Policy
from pruner.report.watching import Lines
from pruner.sandbox.base import Environment
from pruner.sandbox.choose import choose

AGAIN = 5


def used() -> float:
    """Return the CPU seconds of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def once(
    seen: Observation, environment: Environment, clock: Clock, kept: Path
) -> tuple[float, float]:
    """Return the wall and CPU seconds that it takes to decide about an image that was watched."""
    subject = seen.subject
    began, busy = time.perf_counter(), used()
    ownership = Ownership(subject.inventory)
    with study(environment, subject.inventory, clock, kept) as reading:
        weighed = weigh(subject, ownership, reading, Policy.MINIMAL)
        decide(subject.inventory, weighed.evidence, Policy.MINIMAL)
    return time.perf_counter() - began, used() - busy


def main() -> None:
    """Parse the call, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--project", type=Path, default=Path("sample_agents"))
    parser.add_argument("--image", default="speech_gpu")
    args = parser.parse_args()
    config = load(None, args.project.absolute())
    image = config.image(args.image)
    clock = Clock(Lines())
    with choose("local", config.root) as (sandbox, _), sandbox.original(image) as environment:
        seen = observe(config, image, image.agents, environment, clock)
        with tempfile.TemporaryDirectory(prefix="pruner-bench-") as folder:
            kept = Path(folder) / "facts.sqlite"
            first = once(seen, environment, clock, kept)
            later = [once(seen, environment, clock, kept) for _ in range(AGAIN)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{args.image}: {len(seen.subject.inventory.distributions)} distributions")
    print(f"first time {first[0]:.1f} s (CPU {first[1]:.1f} s, on {os.cpu_count()} processors)")
    print(f"from the cache {statistics.median(wall for wall, _ in later):.2f} s")
    print(f"(median of {AGAIN}); peak of this process {peak} MiB")


if __name__ == "__main__":
    main()
