"""What is known of images as metrics, for the textfile collector of node_exporter.

Units and names follow https://prometheus.io/docs/practices/naming/. What is not known has no
sample. The file has no times of its own: the collector takes that of the file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pruner import __version__
from pruner.report.subject import Subject
from pruner.report.text import plain

if TYPE_CHECKING:
    from pruner.image.measures import Measure

Labels = tuple[str, ...]
Samples = Iterable[tuple[Labels, float | None]]


def prometheus(subjects: Sequence[Subject]) -> bytes:
    """Return the metrics of images."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(list(_families(subjects))))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, families: Sequence[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


def _families(subjects: Sequence[Subject]) -> Iterator[GaugeMetricFamily]:
    yield _gauge("pruner_info", "Which pruner wrote this.", ("version",), [((__version__,), 1)])
    yield from _of_locks(subjects)
    yield from _of_proofs(subjects)
    yield from _of_builds(subjects)


def _of_locks(subjects: Sequence[Subject]) -> Iterator[GaugeMetricFamily]:
    sizes = [(row.image, row.document.size_bytes) for row in subjects]
    yield _gauge(
        "pruner_distributions_bytes",
        "Bytes of the distributions: all that are installed, and those that stay.",
        ("image", "of"),
        [((name, "installed"), each.before) for name, each in sizes if each]
        + [((name, "kept"), each.after) for name, each in sizes if each],
    )
    yield _gauge(
        "pruner_distributions",
        "Distributions by what becomes of them, and by the strongest evidence for them.",
        ("image", "verdict", "level"),
        _counted(
            (row.image, it.verdict, it.level)
            for row in subjects
            for it in row.document.distributions
        ),
    )
    yield _gauge(
        "pruner_lock_pins",
        "Distributions that the lock pins.",
        ("image",),
        [((row.image,), row.document.lock.pins) for row in subjects if row.document.lock],
    )
    yield _gauge(
        "pruner_budget_bytes",
        "What the image may have, by pruner.toml.",
        ("image",),
        [((row.image,), row.budget_bytes) for row in subjects],
    )
    yield _gauge(
        "pruner_findings",
        "Findings by code and severity.",
        ("image", "code", "severity"),
        _counted((row.image, it.code, it.severity) for row in subjects for it in row.found),
    )
    yield _gauge(
        "pruner_open_conflicts",
        "Conflicts that nothing settles.",
        ("image",),
        [((row.image,), sum(not it.settled for it in row.document.conflicts)) for row in subjects],
    )


def _of_proofs(subjects: Sequence[Subject]) -> Iterator[GaugeMetricFamily]:
    proofs = [(row.image, row.document.proof) for row in subjects]
    yield _gauge(
        "pruner_confidence_ratio",
        "How much the verdicts can be relied on, from 0 to 1; docs/confidence.md.",
        ("image",),
        [((row.image,), it.score) for row in subjects if (it := row.document.confidence)],
    )
    yield _gauge(
        "pruner_proof_passed",
        "1 where the lock is proven.",
        ("image",),
        [((name,), proof.passed) for name, proof in proofs if proof],
    )
    yield _gauge(
        "pruner_proof_restored",
        "Distributions that the proof put back.",
        ("image",),
        [((name,), len(proof.restored)) for name, proof in proofs if proof],
    )
    yield _gauge(
        "pruner_last_proof_timestamp_seconds",
        "When the last proof ended, in seconds since 1970.",
        ("image",),
        [((row.image,), _seconds(row.proven_at)) for row in subjects],
    )


def _of_builds(subjects: Sequence[Subject]) -> Iterator[GaugeMetricFamily]:
    measures: list[tuple[Labels, Measure]] = []
    for row in subjects:
        if row.build is not None:
            measures.append(((row.image, "original"), row.build.original))
            measures.append(((row.image, "minimal"), row.build.minimal))
    labels = ("image", "variant")
    yield _gauge(
        "pruner_image_bytes",
        "Bytes of the built image on disk.",
        labels,
        [(names, it.size_bytes) for names, it in measures],
    )
    yield _gauge(
        "pruner_image_compressed_bytes",
        "Bytes of the built image as a registry moves it.",
        labels,
        [(names, it.compressed_bytes) for names, it in measures],
    )
    yield _gauge(
        "pruner_image_build_seconds",
        "How long the build took with nothing cached.",
        labels,
        [(names, it.build_seconds) for names, it in measures if it.build_seconds is not None],
    )
    starts = [((*names, it.agent), it) for names, measure in measures for it in measure.starts]
    yield _gauge(
        "pruner_agent_ready_seconds",
        "How long an agent took until it was ready.",
        (*labels, "agent"),
        [(names, it.ready_seconds) for names, it in starts],
    )
    yield _gauge(
        "pruner_agent_memory_bytes",
        "Resident memory of an agent when it was ready.",
        (*labels, "agent"),
        [(names, it.memory_bytes) for names, it in starts],
    )


def _gauge(name: str, about: str, labels: Labels, samples: Samples) -> GaugeMetricFamily:
    """Return a metric; samples of the same labels, which no reader takes, are one: the last."""
    family = GaugeMetricFamily(name, about, labels=labels)
    known = {tuple(map(plain, names)): value for names, value in samples if value is not None}
    for names, value in known.items():
        family.add_metric(names, float(value))
    return family


def _counted(rows: Iterable[Labels]) -> Samples:
    return sorted(Counter(tuple(map(plain, row)) for row in rows).items())


def _seconds(at: str | None) -> float | None:
    """Return a time in seconds since 1970, None where it is none."""
    try:
        return datetime.fromisoformat(at).timestamp() if at else None
    except (ValueError, OverflowError):
        return None
