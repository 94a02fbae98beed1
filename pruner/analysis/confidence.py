"""Confidence: how much the verdicts can be relied on, from what was measured.

A product of factors, each with its reason. docs/confidence.md explains every figure here, and what
the score is not.
"""

from collections.abc import Callable, Sequence
from math import prod

from pruner.document import Confidence
from pruner.model import Value

UNKNOWN = 0.4
"""Where nothing is known of what ran: no better than if nothing had."""

UNEXERCISED = 0.6
MOST_WEAK = 0.3
NO_GPU = 0.8
ONCE = 0.9
MOST_ADDED = 0.5
ADDED_WEIGHT = 5.0
NEW_MODULES = 0.98
FLAKY = 0.7
PUT_BACK = 0.1
MOST_PUT_BACK = 0.3

MOST_NAMES, MOST_CHARS = 3, 300


class Measured(Value, frozen=True):
    """What was measured. Counts, unless a comment says otherwise."""

    agents: int
    exercised: int  # agents with an exercise, or that run to their end
    statements: int  # of the first-party files that are reached
    ran: int  # of these
    unmeasured: tuple[str, ...] = ()  # why `ran` is not known, or not of all that there is
    known: bool = True  # whether `ran` is known at all
    kept: int = 0  # distributions that evidence of any level keeps
    weak: int = 0  # of these, those that no run was seen to use
    gpu_wanted: bool = False
    gpu_seen: bool = False
    gpu_used: bool = True  # of those that were asked, something could use it
    repeated: bool = True  # whether there was a second run
    observed: int = 0  # distributions that either run was seen to use
    added: tuple[str, ...] = ()  # names of those that only the second was seen to use
    added_files: int = 0  # files of distributions that only the second loaded
    flaky: tuple[str, ...] = ()  # in what the second run differed from the first
    restored: tuple[str, ...] = ()  # names of what the proof put back
    proven: bool = True


Factor = tuple[float, str]


def confidence(measured: Measured) -> Confidence:
    """Return the score, from 0 to 1 in steps of 0.01, with a reason for each of its factors."""
    factors = [factor for rule in RULES if (factor := rule(measured)) is not None]
    return Confidence(
        score=round(prod(factor for factor, _ in factors), 2),
        because=tuple(why if factor == 1 else f"{why} (x {factor:.2f})" for factor, why in factors),
    )


def _coverage(measured: Measured) -> Factor:
    """Tell how much of the code that could name a distribution was run."""
    reasons = _listed(measured.unmeasured)
    if not measured.known or not measured.statements:
        reasons = reasons or "the agents' commands start none that the source trees have"
        return UNKNOWN, f"how much reachable first-party code ran is not known: {reasons}"
    share = measured.ran / measured.statements
    why = f"{_percent(share)} of {_count(measured.statements, 'reachable statement')} ran"
    return UNKNOWN + (1 - UNKNOWN) * share, f"{why} ({reasons})" if reasons else why


def _exercises(measured: Measured) -> Factor | None:
    """Tell how many agents were asked to do anything."""
    if not measured.agents:
        return None
    share = measured.exercised / measured.agents
    one = measured.exercised == 1
    does, runs = ("does", "runs") if one else ("do", "run")
    why = f"{measured.exercised} of {_count(measured.agents, 'agent')} {does} an exercise"
    return UNEXERCISED + (1 - UNEXERCISED) * share, f"{why}, or {runs} to an end"


def _weak(measured: Measured) -> Factor | None:
    """Tell how much is kept on less than a use that was seen."""
    if not measured.kept:
        return None
    share = measured.weak / measured.kept
    rest = "rests" if measured.kept == 1 or measured.weak == 1 else "rest"
    why = f"{measured.weak} of {_count(measured.kept, 'kept distribution')} {rest}"
    return 1 - MOST_WEAK * share, f"{why} on less than an observed use"


def _gpu(measured: Measured) -> Factor | None:
    """Tell whether an image for a GPU was run with one."""
    if not measured.gpu_wanted:
        return None
    if measured.gpu_seen and not measured.gpu_used:
        return NO_GPU, "a GPU was there, and nothing could use it: code for it did not run"
    if measured.gpu_seen:
        return 1.0, "a GPU was there, as gpu = true asks"
    return NO_GPU, "gpu = true, and no GPU was there: code for it did not run"


def _added(measured: Measured) -> Factor:
    """Tell what the same exercises brought to light the second time."""
    if not measured.repeated:
        return ONCE, "the exercises were run only once"
    if measured.added:
        share = len(measured.added) / max(measured.observed, len(measured.added))
        of = f"{len(measured.added)} of {_count(measured.observed, 'observed distribution')}"
        why = f"a second run added {of}: {_listed(measured.added)}"
        return min(NEW_MODULES, 1 - min(MOST_ADDED, ADDED_WEIGHT * share)), why
    if measured.added_files:
        return NEW_MODULES, f"a second run added {_count(measured.added_files, 'module')}, no more"
    return 1.0, "a second run added nothing"


def _flaky(measured: Measured) -> Factor | None:
    """Tell in what two runs of the same differed."""
    if not measured.flaky:
        return None
    return FLAKY, f"a second run went another way: {_listed(measured.flaky)}"


def _restored(measured: Measured) -> Factor | None:
    """Tell what the evidence had missed: where no exercise leads, the same is missed unseen."""
    if not measured.restored:
        return None
    lost = min(MOST_PUT_BACK, PUT_BACK * len(measured.restored))
    return 1 - lost, f"the proof had to put back {_listed(measured.restored)}"


def _proof(measured: Measured) -> Factor | None:
    """Tell that nothing can be relied on where the agents do not run."""
    return None if measured.proven else (0.0, "the lock is not proven")


RULES: tuple[Callable[[Measured], Factor | None], ...] = (
    _coverage,
    _exercises,
    _weak,
    _gpu,
    _added,
    _flaky,
    _restored,
    _proof,
)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(name[:MOST_CHARS] for name in names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _percent(share: float) -> str:
    """Return a share as people read it; all or nothing only where it is that."""
    rounded = round(100 * share)
    if share < 1:
        rounded = min(rounded, 99)
    if share > 0:
        rounded = max(rounded, 1)
    return f"{rounded} %"
