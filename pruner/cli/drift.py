"""`pruner drift`."""

from functools import partial
from pathlib import Path

import click

from pruner import __version__
from pruner.cli.printing import drawn, emit
from pruner.config import Config, Image, load
from pruner.drift.values import Drifts, as_audits, code_of
from pruner.errors import UsageError
from pruner.jobs import drift
from pruner.lock.missed import read_missed
from pruner.report.drifts import show_drifts
from pruner.report.markdown import markdown
from pruner.report.sarif import sarif

FORMATS = ("text", "json", "markdown", "sarif")


@click.command("drift")
@click.argument("images", nargs=-1, metavar="[IMAGE]...")
@click.option("--all", "all_images", is_flag=True, help="Every image; the same as naming none.")
@click.option("--static", "only_static", is_flag=True, help="Only compare files; nothing is run.")
@click.option(
    "--guard",
    "guards",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file that the guard of a shipped image wrote; may be repeated.",
)
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="How to print it; text by default."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(  # noqa: PLR0913  click's values, by name
    *,
    images: tuple[str, ...],
    all_images: bool,
    only_static: bool,
    guards: tuple[Path, ...],
    config: Path | None,
    form: str | None,
    as_json: bool,
) -> int:
    """Say what has changed since the locks were made.

    Compares the code, the requirements and the Dockerfiles of today with what was committed.
    Exits 0 where nothing has drifted, 1 where something has.

    \b
    Example:
      pruner drift --static
      pruner drift speech_gpu --static --guard pruner-missed.jsonl
      pruner drift --static --format sarif > drift.sarif
    """
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other", hint="give one of them")
    if images and all_images:
        raise UsageError("IMAGE and --all exclude each other", hint="give one of them")
    del only_static
    whole = load(config, Path.cwd())
    missed = [line for path in guards for line in read_missed(path)]
    found = drift.run(whole, _chosen(whole, images), missed)
    emit(_printed(found, "json" if as_json else form or "text"))
    return code_of(found)


def _chosen(config: Config, names: tuple[str, ...]) -> list[Image]:
    return [config.image(name) for name in dict.fromkeys(names or config.images)]


def _printed(found: Drifts, form: str) -> bytes:
    if form == "json":
        return drift.encode(found)
    if form == "sarif":
        return sarif(as_audits(found), __version__)
    if form == "markdown":
        return markdown(as_audits(found)).encode("utf-8", "replace")
    return drawn(partial(show_drifts, found))
