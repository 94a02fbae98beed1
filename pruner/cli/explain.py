"""`pruner explain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pruner.cli.completing import distributions, images
from pruner.errors import UsageError
from pruner.urls import without_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pruner.analysis.explain import Explanation
    from pruner.lock.missed import Missed
    from pruner.model import Proof


@click.command("explain")
@click.argument("image", shell_complete=images)
@click.argument("distribution", shell_complete=distributions)
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--why-not", is_flag=True, help="Say what would have kept it.")
@click.option(
    "--missed",
    type=click.Path(path_type=Path),
    help="A file that the guard of a shipped image wrote: where was it missed?",
)
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(
    *,
    image: str,
    distribution: str,
    config: Path | None,
    why_not: bool,
    missed: Path | None,
    as_json: bool,
) -> int:
    """Say why a distribution is kept or left out.

    Reads the committed verdicts.json; nothing is run.

    \b
    Example:
      pruner explain speech_gpu scipy
      pruner explain speech_gpu pandas --why-not
      pruner explain speech_gpu pandas --missed pruner-missed.jsonl
    """
    from pruner.analysis.explain import explain
    from pruner.config import load
    from pruner.files import plain_json
    from pruner.jobs.committed import read_verdicts
    from pruner.lock.missed import read_missed
    from pruner.model import normalise

    settings = load(config, Path.cwd())
    document = read_verdicts(settings.locks_of(settings.image(image)) / "verdicts.json")
    found = explain(document, normalise(distribution))
    if found is None:
        names = {row.name for row in document.distributions}
        raise UsageError(
            f"{image} has no distribution {distribution!r}", hint=_near(names, distribution)
        )
    lines = read_missed(missed) if missed else ()
    looked = tuple(m for m in lines if m.image == image and found.verdict.name in m.left_out)
    if as_json:
        shown = msgspec.to_builtins(found) | ({"missed": looked} if missed else {})
        sys.stdout.write(msgspec.json.format(plain_json(shown), indent=2).decode() + "\n")
    else:
        shown = [*_lines(found, image=image, why_not=why_not)]
        for line in [*shown, *(_looked_for(looked) if missed else ())]:
            click.echo(without_credentials(line))
    return 0


def _near(names: set[str], given: str) -> str:
    import difflib

    from pruner.model import normalise

    close = difflib.get_close_matches(normalise(given), sorted(names), 3)
    return f"did you mean {' or '.join(close)}?" if close else f"{len(names)} are installed"


def _lines(found: "Explanation", *, image: str, why_not: bool) -> list[str]:
    from pruner.analysis.sizes import size

    row = found.verdict
    lines = [f"{row.name} {row.version}: {row.verdict} ({row.level}), {size(row.size_bytes)}"]
    lines.append(f"why: {row.why}")
    if len(row.chain) > 1:
        lines += ["the way to it:", *(f"  {line}" for line in row.chain)]
    if row.proof:
        lines += ["proof:", *map(_proof, row.proof)]
    if row.used_by:
        users = ", ".join(name or f"the code of {image}" for name in row.used_by)
        lines.append(f"used by: {users}")
    if found.wanted_by:
        lines.append(f"declared by: {', '.join(found.wanted_by)}")
    lines += _costs(found)
    if why_not:
        lines += _why_not(found, image)
    return lines


def _proof(proof: "Proof") -> str:
    by = f" by {proof.by}" if proof.by else ""
    agent = f" in {proof.agent}" if proof.agent else ""
    return f"  {proof.kind}: {proof.what}{by}{agent}"


def _costs(found: "Explanation") -> list[str]:
    from pruner.analysis.sizes import size

    lines = []
    if found.pulls_in:
        listed = ", ".join(f"{item.name} ({size(item.size_bytes)})" for item in found.pulls_in)
        lines.append(f"declares, and would pull in at most: {listed}")
    if found.only_for_it:
        lines.append(f"stays only for it: {', '.join(found.only_for_it)}")
    lines.append(f"kept in all: {size(found.with_it)} with it, {size(found.without_it)} without")
    return lines


def _why_not(found: "Explanation", image: str) -> list[str]:
    name = found.verdict.name
    if found.verdict.kept:
        return ["it is kept, so there is nothing that speaks against it"]
    return [
        "it is left out since",
        *(f"  {line}" for line in found.missing),
        "to keep it, exercise what needs it and lock again, or write in pruner.toml",
        f"  [images.{image}]",
        f'  keep = ["{name}"]',
    ]


def _looked_for(missed: "Sequence[Missed]") -> list[str]:
    """Say once for each line of code what it missed, and when first."""
    first: dict[tuple[str, str, str], str] = {}
    for item in missed:
        place = (item.kind, item.module, item.by or "the command line")
        first[place] = min(item.time, first.get(place, item.time))
    if not first:
        return ["missed: nothing, as far as this file says"]
    return [
        f"missed: {kind} of {what} by {by}, first at {time}"
        for (kind, what, by), time in sorted(first.items())
    ]
