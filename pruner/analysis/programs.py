"""Programs outside the distributions that an agent started: the system's, such as ffmpeg."""

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from pruner.analysis.attribution import Ownership
from pruner.document import AgentReport, ProgramReport
from pruner.model import Inventory, Trace

_INTERPRETER = re.compile(r"python[0-9.]*t?")


def with_programs(
    agents: Iterable[AgentReport],
    traces: Iterable[Trace],
    inventory: Inventory,
    ownership: Ownership,
) -> tuple[AgentReport, ...]:
    """Return the agents with the programs that their traces started, sorted.

    The environment's interpreters are left out, and so are its scripts: one of a distribution is
    evidence for that, and stands there.
    """
    here = inventory.executable.rpartition("/")[0]
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    for trace in traces:
        for program in trace.programs:
            if not _is_interpreter(program.what, here) and not ownership.of_file(program.what):
                found[trace.agent][program.what] = program.package
    return tuple(
        msgspec.structs.replace(
            agent,
            programs=tuple(
                ProgramReport(what=what, package=package)
                for what, package in sorted(found[agent.name].items())
            ),
        )
        for agent in agents
    )


def _is_interpreter(path: str, folder: str) -> bool:
    where, _, name = path.rpartition("/")
    return where == folder and _INTERPRETER.fullmatch(name) is not None
