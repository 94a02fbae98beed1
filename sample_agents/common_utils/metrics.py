"""Counters and timings for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

REQUESTS = Counter("agent_requests", "Requests by their outcome", ["agent", "kind", "outcome"])
SECONDS = Histogram("agent_request_seconds", "Time taken by a request", ["agent", "kind"])


@contextmanager
def measured(agent: str, kind: str) -> Iterator[None]:
    """Count and time what happens inside."""
    outcome = "error"
    try:
        with SECONDS.labels(agent, kind).time():
            yield
        outcome = "ok"
    finally:
        REQUESTS.labels(agent, kind, outcome).inc()
