"""Several runs of one agent: what each of them added, and what has changed since."""

from collections.abc import Iterable, Mapping, Sequence

from pruner.analysis.attribution import Ownership
from pruner.analysis.evidence import joined, observed
from pruner.analysis.usage import used_data
from pruner.document import RunReport
from pruner.model import Finding, Inventory, Loaded, Proof, Trace, Value


class Past(Value, frozen=True):
    """One run, its trace in the paths of today, and the versions that were installed for it."""

    when: str  # UTC, "2026-11-24T10:02:03Z"
    trace: Trace
    pins: dict[str, str]


class Use:
    """Which distributions a trace used, of those that are installed.

    `startup` are modules that load themselves whenever Python starts: no evidence of a need.
    """

    def __init__(
        self, inventory: Inventory, ownership: Ownership, startup: frozenset[str] = frozenset()
    ) -> None:
        self._installed = len(inventory.distributions)
        self._ownership = ownership
        self._startup = startup

    def of(self, traces: Iterable[Trace]) -> dict[str, tuple[Proof, ...]]:
        """Return the distributions (by key) of which a file was used, with the proofs."""
        traces = tuple(traces)
        return joined(
            observed(traces, self._ownership, self._startup),
            used_data(traces, self._ownership, self._installed),
        )


def what_runs_added(runs: Sequence[Past], use: Use) -> tuple[RunReport, ...]:
    """Return, for every run of one agent in their order, what the ones before it had not."""
    modules: set[tuple[str, str]] = set()
    distributions: set[str] = set()
    reports: list[RunReport] = []
    for run in runs:
        loaded = _modules(run.trace.loaded)
        names = set(use.of([run.trace]))
        report = RunReport(
            when=run.when,
            modules=run.trace.modules,
            added_modules=len(loaded - modules),
            added_distributions=tuple(sorted(names - distributions)),
        )
        reports.append(report)
        modules |= loaded
        distributions |= names
    return tuple(reports)


def modules_of(runs: Iterable[Past]) -> int:
    """Return how many different modules several runs of one agent loaded."""
    return len({module for run in runs for module in _modules(run.trace.loaded)})


def changed_since(
    runs: Iterable[Past], inventory: Inventory, use: Use, image: str
) -> tuple[Finding, ...]:
    """Return a note for every distribution that a run used in another version than today's."""
    now = {dist.key: dist.version for dist in inventory.distributions}
    found = {
        (key, run.pins[key])
        for run in runs
        if _differs(run.pins, now)
        for key in use.of([run.trace])
        if run.pins.get(key, now[key]) != now[key]
    }
    return tuple(
        Finding(
            code="PRN111",
            severity="note",
            where=key,
            what=f"was traced with {key} {version}, now {now[key]}",
            fix=f"`pruner trace {image}` begins a new record",
        )
        for key, version in sorted(found)
    )


def _differs(pins: Mapping[str, str], now: Mapping[str, str]) -> bool:
    return any(pins.get(key, version) != version for key, version in now.items())


def _modules(loaded: Iterable[Loaded]) -> set[tuple[str, str]]:
    return {(item.what, item.file) for item in loaded if item.kind != "library"}
