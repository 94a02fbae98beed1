"""What distributions declare of each other and does not hold: what `uv pip check` would say.

What was left out on purpose is no part of it: that stands in the verdicts.
"""

from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from pruner.model import Conflict, Distribution, Inventory, Proof, Verdict, normalise


def broken_promises(inventory: Inventory, verdicts: Iterable[Verdict]) -> tuple[Conflict, ...]:
    """Return the requirements of kept distributions that what is installed does not fulfil.

    They are settled by what was seen: the agents ran like this, and nothing is moved.
    """
    known = inventory.by_key()
    kept = [row.name for row in verdicts if row.kept]
    return tuple(
        found
        for key in kept
        if key in known
        for requirement in required(known[key].requires, inventory.markers)
        if (found := _broken(known[key], requirement, known.get(normalise(requirement.name))))
    )


def required(lines: Iterable[str], markers: Mapping[str, str]) -> Iterator[Requirement]:
    """Yield what lines of metadata require without an extra, on one interpreter and platform."""
    environment = {**markers, "extra": ""}
    for line in lines:
        try:
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate(environment)
        except (InvalidRequirement, KeyError, ValueError):
            continue  # old metadata has lines that no tool reads any more
        if wanted:
            yield requirement


def _broken(
    dist: Distribution, requirement: Requirement, there: Distribution | None
) -> Conflict | None:
    key = normalise(requirement.name)
    asks = f"{dist.key} {dist.version} asks for {key}{requirement.specifier}"
    if there is None:
        why = f"{asks}, which is not installed"
    elif fits(requirement, there.version):
        return None
    else:
        why = f"{asks}, and {there.version} is here"
    return Conflict(
        kind="metadata",
        distributions=tuple(sorted({dist.key, key})),
        why=f"{why}; the agents ran as it is, so it stays",
        settled=True,
        proof=(Proof(kind="requires", what=str(requirement), by=dist.key),),
    )


def fits(requirement: Requirement, version: str) -> bool:
    """Return whether a version is one that a requirement allows."""
    try:
        return requirement.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True  # nothing compares it
