"""What earlier runs of an image saw, told as if they had been made here and now."""

from collections.abc import Iterable, Mapping
from datetime import UTC

from pruner.analysis.attribution import Ownership
from pruner.analysis.moved import moved
from pruner.analysis.runs import Past, Use, changed_since
from pruner.config import Config, Image
from pruner.image.dockerfile import dockerfile_of
from pruner.jobs.record import Record, Run
from pruner.model import Finding, Inventory, Trace, Value
from pruner.rules import startup_modules


class Recalled(Value, frozen=True):
    """The evidence of earlier runs, and what has to be said of it."""

    traces: tuple[Trace, ...] = ()
    findings: tuple[Finding, ...] = ()
    runs: int = 0  # commands that made them: one may have run several agents


def project_folder(config: Config, image: Image, runtime: str) -> str:
    """Return the project's folder as a sandbox sees it; "" where nothing says so."""
    if runtime == "local":
        return str(config.root)
    read = dockerfile_of(image, config.root)
    return read.workdir if read is not None else ""


def past(runs: Iterable[Run], root: str, inventory: Inventory) -> tuple[Past, ...]:
    """Return runs with their paths moved to where things are now; root as of project_folder."""
    return tuple(
        Past(
            when=f"{run.when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            trace=moved(run.trace, run.place, root, inventory),
            pins=run.pins,
        )
        for run in runs
    )


def recall(
    records: Mapping[str, Record], image: Image, root: str, inventory: Inventory
) -> Recalled:
    """Return what counts beside a run of now: the records that `trace --append` has added to.

    A record that only a plain `trace` wrote does not: it would keep things for ever.
    """
    runs = [run for record in records.values() if record.adds_up for run in record.runs]
    if not runs:
        return Recalled()
    known = past(runs, root, inventory)
    use = Use(inventory, Ownership(inventory), startup_modules())
    return Recalled(
        traces=tuple(run.trace for run in known),
        findings=changed_since(known, inventory, use, image.name),
        runs=len({run.when for run in runs}),
    )
