"""How right pruner is on every case of tests/cases, by level, beside two naive answers.

    .venv/bin/python scripts/bench/cases.py [--only WORD] [--results FOLDER] [--no-deptry]

The truth is what each expected.toml says: `keep` is needed by some branch of the code, `drop` and
`excess` could go. The local sandbox locks each case under its policy; cases whose policy is not
minimal, that are not a lock that ends well, that `keep` something by configuration, that need an
engine, or that are marked broken are left out, and named.

import-only  keeps what the trace loaded as a module: sys.modules, as file-level minimisers see it
deptry       keeps the requirements that deptry does not call unused, and all that they declare

Columns: kept+ and dropped+ are right; kept- could go, dropped- is needed.

With --results the documents are kept in a folder, and taken from there the next time. Exits with 1
where pruner drops what is needed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pruner.analysis.attribution import closure
from pruner.model import normalise

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
BIN = Path(sys.executable).parent
LEVELS = ("observed", "required", "linked", "reachable", "guarded", "declared", "unused")
COLUMNS = ("kept+", "dropped+", "kept-", "dropped-")
PATIENCE = 300.0

Json = dict[str, Any]


class Case(NamedTuple):
    """A case, and the call that is scored."""

    name: str
    command: tuple[str, ...]
    needed: frozenset[str]
    spare: frozenset[str]


class Answers(NamedTuple):
    """What stays of a case's distributions, by whom one asks, and their levels."""

    levels: Mapping[str, str]
    kept: Mapping[str, frozenset[str]]


def main() -> int:
    """Print the score; return the exit code."""
    options = arguments()
    wanted, skipped = cases(options.only)
    with tempfile.TemporaryDirectory(prefix="pruner-score-") as scratch:
        results = options.results or Path(scratch) / "results"
        results.mkdir(parents=True, exist_ok=True)
        answers = {
            case: answer(case, results, Path(scratch), deptry=options.deptry) for case in wanted
        }
    print("\n".join(report(answers, skipped)))
    return 1 if any(wrong(case, found.kept["pruner"]) for case, found in answers.items()) else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--results", type=Path, help="where documents are kept between calls")
    parser.add_argument("--no-deptry", dest="deptry", action="store_false")
    return parser.parse_args()


# --- the cases -------------------------------------------------------------------------------


def cases(only: str) -> tuple[list[Case], list[str]]:
    """Return the cases that can be scored, and the names of the others."""
    found: list[Case] = []
    skipped: list[str] = []
    for path in sorted(CASES.glob("*/expected.toml")):
        if only not in path.parent.name:
            continue
        case = read_case(path)
        if case is None:
            skipped.append(path.parent.name)
        else:
            found.append(case)
    return found, skipped


def read_case(path: Path) -> Case | None:
    """Return the case of an expected.toml, or None where nothing in it can be scored."""
    expected = tomllib.loads(path.read_text("utf-8"))
    config = tomllib.loads((path.parent / "pruner.toml").read_text("utf-8"))
    policies = {image.get("policy", "minimal") for image in config["images"].values()}
    steps = [step for step in (expected, *expected.get("then", ())) if scored(step, policies)]
    told = any(image.get("keep") for image in config["images"].values())
    here = "local" in expected.get("runtimes", ("local",))
    if not steps or told or not here or expected.get("broken"):
        return None
    step = steps[0]
    return Case(
        name=path.parent.name,
        command=tuple(step.get("command", ("lock", "--image", "app"))),
        needed=frozenset(step.get("keep", ())),
        spare=frozenset((*step.get("drop", ()), *step.get("excess", ()))),
    )


def scored(step: Json, policies: Iterable[str]) -> bool:
    """Tell whether a step is a lock under policy minimal that ends well."""
    command = step.get("command", ["lock"])
    named = command[command.index("--policy") + 1] if "--policy" in command else ""
    minimal = {named} if named else set(policies)
    return bool(command[0] == "lock" and minimal == {"minimal"} and not step.get("exit"))


# --- the answers -----------------------------------------------------------------------------


def answer(case: Case, results: Path, scratch: Path, *, deptry: bool) -> Answers:
    """Return all answers for a case; the documents are kept in `results`."""
    print(f"{case.name} ...", file=sys.stderr)
    document = kept(results / f"{case.name}.json", lambda: lock(case, scratch))
    rows = {row["name"]: row for row in document["distributions"]}
    answers = {
        "pruner": frozenset(name for name, row in rows.items() if row["verdict"] == "keep"),
        "import-only": frozenset(name for name, row in rows.items() if was_imported(row)),
    }
    if deptry:
        unused = kept(results / f"{case.name}.deptry.json", lambda: by_deptry(case, scratch))
        graph = {name: tuple(row["needs"]) for name, row in rows.items()}
        answers["deptry"] = frozenset(closure(graph, direct(case) - set(unused["unused"])))
    return Answers({name: row["level"] for name, row in rows.items()}, answers)


def kept(path: Path, make: Any) -> Json:  # noqa: ANN401
    """Return the JSON of a file, which is made where it is not there."""
    if not path.exists():
        path.write_text(json.dumps(make()), "utf-8")
    found: Json = json.loads(path.read_text("utf-8"))
    return found


def lock(case: Case, scratch: Path) -> Json:
    """Return the document that pruner prints for a case."""
    place = scratch / case.name
    shutil.copytree(CASES / case.name, place)
    done = run([str(BIN / "pruner"), *case.command, "--runtime", "local", "--json"], place)
    if done.returncode != 0:
        sys.exit(f"{case.name}: pruner exits with {done.returncode}\n{done.stderr}")
    found: Json = json.loads(done.stdout)
    return found


def was_imported(row: Json) -> bool:
    """Tell whether the trace loaded a module of a distribution."""
    return row["level"] == "observed" and any(
        proof["kind"] in {"module", "extension"} for proof in row.get("proof", ())
    )


def by_deptry(case: Case, scratch: Path) -> Json:
    """Return what deptry calls unused, beside the distributions: it needs their import names."""
    place = scratch / f"{case.name}-deptry"
    shutil.copytree(CASES / case.name, place)
    uv, python = str(BIN / "uv"), str(place / ".venv" / "bin" / "python")
    checked([uv, "venv", "-q", "-p", sys.executable, str(place / ".venv")], place)
    install = [uv, "pip", "install", "-q", "--python", python]
    checked([*install, "deptry"], place)
    run([*install, "-r", "requirements.txt"], place)  # what today's tools do not build it guesses
    argv = [python, "-m", "deptry", ".", "-rf", "requirements.txt", "-o", "found.json"]
    run([*argv, "--ignore", "DEP001,DEP003,DEP004,DEP005"], place)
    found = json.loads((place / "found.json").read_text("utf-8"))
    return {"unused": sorted({normalise(row["module"]) for row in found})}


def direct(case: Case) -> set[str]:
    """Return what a case's requirements list."""
    lines = (CASES / case.name / "requirements.txt").read_text("utf-8").splitlines()
    plain = (line.partition(";")[0].partition("#")[0].strip() for line in lines)
    return {normalise(line.partition("=")[0].partition("[")[0].strip()) for line in plain if line}


def checked(argv: list[str], cwd: Path) -> None:
    """Run a command that has to succeed."""
    done = run(argv, cwd)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exits with {done.returncode}\n{done.stderr}")


def run(argv: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        argv, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


# --- the score -------------------------------------------------------------------------------


def report(answers: Mapping[Case, Answers], skipped: list[str]) -> Iterator[str]:
    """Yield the lines of the score."""
    yield f"{len(answers)} cases, {sum(len(c.needed | c.spare) for c in answers)} distributions;"
    yield "+ is right, kept- could go, dropped- is needed"
    yield ""
    yield line("pruner, by level", ("all", *COLUMNS))
    for level in LEVELS:
        counts = Counter(
            judged(case, found.kept["pruner"], name)
            for case, found in answers.items()
            for name in case.needed | case.spare
            if found.levels.get(name) == level
        )
        yield line(level, numbers(counts))
    yield ""
    yield line("all levels", ("all", *COLUMNS))
    for who in dict.fromkeys(who for found in answers.values() for who in found.kept):
        counts = Counter(
            judged(case, found.kept[who], name)
            for case, found in answers.items()
            for name in case.needed | case.spare
        )
        yield line(who, numbers(counts))
    for who in ("pruner", "import-only", "deptry"):
        yield from failures(who, answers)
    if skipped:
        yield ""
        yield f"not scored: {', '.join(skipped)}"


def failures(who: str, answers: Mapping[Case, Answers]) -> Iterator[str]:
    """Yield what an answer drops though it is needed, a line a case."""
    rows = [
        (case, wrong(case, found.kept.get(who, case.needed))) for case, found in answers.items()
    ]
    for number, (case, names) in enumerate((case, names) for case, names in rows if names):
        if number == 0:
            yield f"\nneeded, and dropped by {who}:"
        yield f"  {case.name}: {', '.join(names)}"[:80]


def wrong(case: Case, kept: frozenset[str]) -> list[str]:
    """Return what is needed and was dropped."""
    return sorted(case.needed - kept)


def judged(case: Case, kept: frozenset[str], name: str) -> str:
    """Return the column that an answer about one distribution belongs to."""
    if name in case.needed:
        return COLUMNS[0] if name in kept else COLUMNS[3]
    return COLUMNS[2] if name in kept else COLUMNS[1]


def numbers(counts: Counter[str]) -> tuple[str, ...]:
    """Return a row's numbers as texts."""
    return str(counts.total()), *(str(counts[column]) for column in COLUMNS)


def line(first: str, cells: Iterable[str]) -> str:
    """Return one line of a table, at most 80 columns wide."""
    widths = (5, 9, 9, 9, 9)
    shown = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{first:<16} " + " ".join(shown)


if __name__ == "__main__":
    sys.exit(main())
