"""The record of an agent's runs: what `pruner trace --append` adds up, one file an agent.

It lies in a working tree, so anyone may have written it: it is bounded, typed and checked before
it is believed. What is not a record of ours is a mistake (UsageError) and never passed over.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from pruner.analysis.moved import Place
from pruner.errors import UsageError
from pruner.files import alone, plain_json, regular, write_all
from pruner.model import Trace, Value

FORMAT: Final = "pruner-runs"
VERSION = 1
"""Version 1: the first. A change of model.Trace that older traces do not fit is a new version."""

MAX_BYTES = 128 << 20
"""Of one file; a run that loads torch and transformers takes 2 MB."""

MAX_RUNS = 100

_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Run(Value, frozen=True, forbid_unknown_fields=True):
    """One run of one agent, and where and with what it was made."""

    when: _Time  # UTC
    runtime: Literal["docker", "local"]
    python: str  # "3.11.2"
    place: Place
    pins: dict[str, str]  # distribution, by key, to its version
    appended: bool  # made with --append
    trace: Trace


class Record(Value, frozen=True, forbid_unknown_fields=True):
    """What a file holds: the runs of one agent, the oldest first."""

    format: Literal["pruner-runs"]
    version: int
    runs: tuple[Run, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the runs are meant to count together: one of them was appended."""
        return any(run.appended for run in self.runs)


class _Claim(msgspec.Struct, frozen=True):
    format: str
    version: int


_decode_claim = msgspec.json.Decoder(_Claim).decode
_decode = msgspec.json.Decoder(Record).decode
_MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read_records(folder: Path, agents: Iterable[str]) -> dict[str, Record]:
    """Read the records of agents; one that has none is left out.

    `folder` is the image's private one. Raises UsageError for a file that is no record.
    """
    found = {agent: _read(_file(folder, agent), agent) for agent in agents}
    return {agent: record for agent, record in found.items() if record is not None}


def write_runs(folder: Path, runs: Mapping[str, Run], *, append: bool) -> dict[str, Record]:
    """Write one run of each agent: begin its record anew, or add the run to it.

    All files are replaced or none is, and of two pruners that append at once neither loses its
    run. Raises UsageError where a record cannot be read or has no room for another run.
    """
    with alone(folder / "runs"):
        before = read_records(folder, runs) if append else {}
        records = {
            agent: Record(
                format=FORMAT,
                version=VERSION,
                runs=(*(before[agent].runs if agent in before else ()), run),
            )
            for agent, run in runs.items()
        }
        write_all({_file(folder, agent): _encoded(folder, row) for agent, row in records.items()})
    return records


def _file(folder: Path, agent: str) -> Path:
    return folder / "runs" / f"{agent}.json"


def _encoded(folder: Path, record: Record) -> bytes:
    data = plain_json(record)
    if len(record.runs) > MAX_RUNS or len(data) > MAX_BYTES:
        most = f"{MAX_RUNS} runs, or {MAX_BYTES >> 20} MiB, are the most"
        agent = record.runs[-1].trace.agent
        raise UsageError(f"the record of {agent} is full: {most}", hint=_hint(folder.name))
    return data


def _read(path: Path, agent: str) -> Record | None:
    try:
        data = regular(path, MAX_BYTES)
        claim = _decode_claim(data)
        if (claim.format, claim.version) != (FORMAT, VERSION):
            says = f"{claim.format[:40]} version {claim.version}"
            raise _refused(path, f"is {says}, and this pruner reads {FORMAT} version {VERSION}")
        record = _decode(data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    except _MALFORMED as error:
        raise _refused(path, f"is no record of pruner's: {error}") from None
    except ValueError as error:
        raise _refused(path, str(error)) from None
    if len(record.runs) > MAX_RUNS:
        raise _refused(path, f"has {len(record.runs)} runs, and {MAX_RUNS} are the most")
    other = next((run.trace.agent for run in record.runs if run.trace.agent != agent), None)
    if other is not None:
        raise _refused(path, f"holds a run of {other}")
    return msgspec.structs.replace(record, runs=tuple(map(_fit, record.runs)))


def _refused(path: Path, what: str) -> UsageError:
    image = path.parent.parent.name
    shown = "/".join(path.parts[-4:])  # .pruner/<image>/runs/<agent>.json
    text = "".join(char if char.isprintable() else "?" for char in what[:300])
    return UsageError(f"{shown}: {text}", hint=_hint(image))


def _hint(image: str) -> str:
    return f"`pruner trace {image}` begins the record anew"


def _fit(run: Run) -> Run:
    """Leave out what no report could show: trace/events.py lets none of it in."""
    trace = run.trace
    return msgspec.structs.replace(
        run,
        trace=msgspec.structs.replace(
            trace,
            loaded=tuple(x for x in trace.loaded if _shows(x.kind, x.what, x.file, x.by)),
            opened=tuple(x for x in trace.opened if _shows(x.kind, x.what, x.file, x.by)),
            attempts=tuple(x for x in trace.attempts if _shows(x.module, x.by)),
            lookups=tuple(x for x in trace.lookups if _shows(x.module, x.by)),
            programs=tuple(x for x in trace.programs if _shows(x.what, x.by, x.package)),
            hosts=tuple(x for x in trace.hosts if _shows(x.name, x.by)),
        ),
    )


def _shows(*texts: str | None) -> bool:
    return all(text is None or text.isprintable() for text in texts)
