"""Agents that are new, or gone."""

from collections.abc import Collection, Iterator, Mapping

from pruner.document import Document, Inputs
from pruner.drift.found import drifted
from pruner.model import Finding


def agents(document: Document, configured: Collection[str]) -> Iterator[Finding]:
    """Yield agents of the configuration that the lock was made without, and those that are gone."""
    locked = {agent.name for agent in document.agents}
    image = document.image
    for name in configured:
        if name not in locked:
            yield drifted(
                "PRN503",
                f"images.{image}.agents",
                f"the agent {name} is new: the lock was made without it",
                fix=f"`pruner lock --image {image}` runs it as well",
            )
    for name in sorted(locked - set(configured)):
        what = f"the agent {name} is gone, and the lock still has what it needed"
        yield drifted("PRN505", f"images.{image}.agents", what)


def processes(
    image: str, inputs: Inputs | None, started: Mapping[str, str], scripts: Collection[str]
) -> Iterator[Finding]:
    """Yield first-party files that are started, or can be, and that no agent runs.

    `started` has where each of them is started; neither has what an agent runs.
    """
    if inputs is None:
        return
    for path, where in started.items():
        if path not in inputs.started:
            yield drifted(
                "PRN504", where, f"starts {path}, which no agent of images.{image} runs: it is new"
            )
    for path in scripts:
        if path not in (*inputs.scripts, *started):
            what = "can be started, lies beside the agents, and is none in pruner.toml: it is new"
            yield drifted("PRN504", f"{path}:1", what)
