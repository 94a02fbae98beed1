"""Verdicts: what stays, what goes, and why, by policy."""

from collections.abc import Iterable, Mapping

from pruner.analysis import gpu
from pruner.analysis.attribution import closure
from pruner.model import Distribution, Inventory, Level, Policy, Proof, Value, Verdict

KEEP, DROP = "keep", "drop"

LEAST = {
    Policy.SAFE: Level.GUARDED,  # and all that these declare
    Policy.MINIMAL: Level.REACHABLE,
    Policy.AGGRESSIVE: Level.LINKED,
}
"""The weakest level that stays, by policy."""


class Evidence(Value, frozen=True):
    """Everything that speaks for distributions, by their key."""

    proofs: dict[Level, dict[str, tuple[Proof, ...]]]  # strongest first within each level
    wanted: dict[str, str] = {}  # noqa: RUF012  kept by configuration or put back: why
    chains: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  "path:line", the entrypoint's first
    users: dict[str, tuple[str, ...]] = {}  # noqa: RUF012  whose code uses it; "" is the image's
    unseen: frozenset[str] = frozenset()  # what a GPU is for, where none was there

    def level(self, key: str) -> Level:
        """Return the strongest level that anything proves, leaving declarations aside."""
        found = (level for level, proofs in self.proofs.items() if key in proofs)
        return max(found, default=Level.UNUSED)

    def at_least(self, least: Level) -> frozenset[str]:
        """Return what has a level or a stronger one."""
        return frozenset(
            key for level, proofs in self.proofs.items() if level >= least for key in proofs
        )


def decide(inventory: Inventory, evidence: Evidence, policy: Policy) -> tuple[Verdict, ...]:
    """Decide by a policy.

    The result of `safe` is closed under the metadata's requirements, so `uv pip check` passes on
    it. The others keep what there is evidence for and leave declarations aside.
    """
    known = inventory.by_key()
    strong = evidence.at_least(LEAST[policy]) | evidence.wanted.keys()
    roots = sorted(strong & known.keys())
    declared = closure(inventory.requires, roots)
    kept = declared.keys() if policy is Policy.SAFE else set(roots)
    kept |= {key for key, dist in known.items() if not dist.managed or dist.own is not None}
    return tuple(
        _verdict(dist, evidence, declared, inventory, keep=dist.key in kept)
        for dist in inventory.distributions
    )


def _verdict(
    dist: Distribution,
    evidence: Evidence,
    declared: Mapping[str, str | None],
    inventory: Inventory,
    *,
    keep: bool,
) -> Verdict:
    key = dist.key
    level = evidence.level(key)
    proofs = evidence.proofs.get(level, {}).get(key, ())
    asked = declared.get(key)
    if level is Level.UNUSED and asked is not None:
        level = Level.DECLARED
        proofs = (Proof(kind="requires", what=key, by=asked),)
    why = _why(dist, level, proofs, evidence)
    if key in evidence.wanted:
        proofs = (Proof(kind="keep", what=evidence.wanted[key]), *proofs)
    if keep and key in evidence.unseen and level is not Level.OBSERVED:
        proofs = (*proofs, Proof(kind=gpu.KIND, what=gpu.UNSEEN))
    return Verdict(
        name=key,
        version=dist.version,
        verdict=KEEP if keep else DROP,
        level=level.word,
        size_bytes=dist.size_bytes,
        why=why,
        proof=proofs,
        needs=inventory.requires.get(key, ()),
        chain=evidence.chains.get(key, ()),
        used_by=evidence.users.get(key, ()),
        own=dist.own,
    )


def _why(dist: Distribution, level: Level, proofs: tuple[Proof, ...], evidence: Evidence) -> str:
    if dist.own is not None:
        return OWN.format(folder="the project" if dist.own == "." else dist.own)
    if dist.key in evidence.wanted:
        return evidence.wanted[dist.key]
    if level is Level.UNUSED:
        return "nothing needs it" if dist.managed else SYSTEM
    first = proofs[0]
    words = OTHERWISE.get((level, first.kind), REASONS[level])
    line = words.format(what=first.what, by=f"by {first.by}" if first.by else "")
    return line.rstrip(" ,").replace("  ", " ").replace(" ,", ",")


SYSTEM = "belongs to the system, not to the image's requirements"
OWN = "the image's own code, installed from {folder}"
REASONS = {
    Level.OBSERVED: "loaded: {what}, {by}",
    Level.REQUIRED: "imported {by}, not loaded in this run",
    Level.LINKED: "{what} is asked for {by}",
    Level.REACHABLE: "{what} is imported {by}, which did not run this time",
    Level.GUARDED: "imported {by}, which copes with its absence",
    Level.DECLARED: "declared {by}, and no code leads to it",
}
OTHERWISE = {
    (Level.OBSERVED, "data"): "its data was read: {what}, {by}",
    (Level.OBSERVED, "metadata"): "its metadata was read: {what}, {by}",
    (Level.OBSERVED, "script"): "was run: {what}, {by}",
    (Level.REQUIRED, "url"): "{what} is a URL that names it, {by}",
    (Level.REQUIRED, "extra"): "{what} asks for it, which is named {by}",
    (Level.REQUIRED, "entry point"): "offers the entry point {what}, which is named {by}",
    (Level.REQUIRED, "dotted name"): "{what} is named {by}, not loaded in this run",
    (Level.REQUIRED, "script"): "is started {by}, not run this time: {what}",
    (Level.REQUIRED, "metadata"): "its metadata is asked for {by}, not read this time",
    (Level.REQUIRED, "file"): "{what} is named {by}",
    (Level.REQUIRED, "needs"): "{what} may read it, imported {by}",
    (Level.REACHABLE, "needs"): "{what} was loaded, and may read it",
    (Level.LINKED, "gpu"): f"brings libraries for a GPU, declared {{by}}; {gpu.UNSEEN}",
    (Level.LINKED, "gpu library"): f"brings libraries for a GPU; {gpu.UNSEEN}",
    (Level.REACHABLE, "gpu"): f"is for a GPU, declared {{by}}; {gpu.UNSEEN}",
    (Level.REACHABLE, "gpu import"): (
        f"imported {{by}}, which copes with its absence, but {gpu.UNSEEN}"
    ),
    (Level.GUARDED, "script"): "is started {by}, which copes with its absence: {what}",
    (Level.GUARDED, "metadata"): "its metadata is asked for {by}, which copes with its absence",
    (Level.GUARDED, "optional import"): (
        "imported {by}, in code of a distribution that does not require it"
    ),
}
"""Why, by level, and by level and kind of the first proof where that says more."""


def sizes(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Return (bytes before, bytes after)."""
    rows = list(verdicts)
    before = sum(row.size_bytes for row in rows)
    return before, sum(row.size_bytes for row in rows if row.kept)
