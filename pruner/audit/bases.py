"""Base images: whether what stands behind FROM exists."""

from collections.abc import Iterator

from pruner.audit.found import found, listed
from pruner.audit.values import Facts
from pruner.model import Finding
from pruner.rules import base_tag


def absent(facts: Facts) -> Iterator[Finding]:
    """Yield the base images of which it is known that there is none of that tag."""
    source = facts.source
    for stage in source.dockerfile.stages if source is not None else ():
        known = base_tag(stage.base, facts.bases)
        if source is not None and stage.parent is None and known.verdict == "absent":
            nearest = f"; nearest are {listed(list(known.nearest))}" if known.nearest else ""
            what = f"no image {stage.base} is published{nearest}"
            yield found("PRN201", source.where(stage.line), what)
