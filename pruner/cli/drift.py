"""`pruner drift`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pruner import __version__
from pruner.cli import completing
from pruner.cli.printing import drawn, emit
from pruner.errors import Exit, UsageError
from pruner.places import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pruner.config import Config, Image
    from pruner.drift.values import Drifts
    from pruner.lock.missed import Missed

FORMATS = ("text", "json", "markdown", "sarif")


@click.command("drift")
@click.argument("images", nargs=-1, metavar="[IMAGE]...", shell_complete=completing.images)
@click.option("--all", "all_images", is_flag=True, help="Every image; the same as naming none.")
@click.option("--static", "only_static", is_flag=True, help="Only compare files; nothing is run.")
@click.option(
    "--guard",
    "guards",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file that the guard of a shipped image wrote; may be repeated.",
)
@click.option("--fresh", is_flag=True, help="Run agents also where nothing has changed.")
@click.option("--once", is_flag=True, help="No second run of every agent.")
@click.option("--update", is_flag=True, help="Write the new proven lock; print a commit message.")
@click.option(
    "--upgrade-check",
    "upgrades",
    is_flag=True,
    help="Ask the index for withdrawn pins and newer releases; prove these before they are told.",
)
@click.option(
    "--nights",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Say what no run of so many nights has used.",
)
@click.option(
    "--runtime",
    type=click.Choice(["auto", "docker", "local"]),
    default="auto",
    show_default=True,
    help="Where agents run; auto takes docker where an engine answers.",
)
@click.option("--install", "place", type=click.Choice(KINDS), help="Write what runs it by itself.")
@click.option("--force", is_flag=True, help="With --install, over files that were changed.")
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
    fresh: bool,
    once: bool,
    update: bool,
    upgrades: bool,
    nights: int,
    runtime: str,
    place: str | None,
    force: bool,
    config: Path | None,
    form: str | None,
    as_json: bool,
) -> int:
    """Say what has changed since the locks were made.

    Compares the code, the requirements and the Dockerfiles of today with what was committed; then
    runs the agents, as `pruner lock` does, and compares that. An image of which nothing has changed
    since a night that found nothing is not run again. Exits 0 where nothing has drifted, 1 where
    something has.

    \b
    Example:
      pruner drift
      pruner drift --static
      pruner drift speech_gpu --update > message.txt
      pruner drift speech_gpu --static --guard pruner-missed.jsonl
      pruner drift --static --format sarif > drift.sarif
      pruner drift --install github
    """
    from pruner.config import load
    from pruner.drift.values import code_of
    from pruner.jobs import drift
    from pruner.lock.missed import read_missed

    if force and place is None:
        raise UsageError("--force goes with --install", hint="leave it out")
    if place is not None:
        return _install(load(config, Path.cwd()), place, force=force, as_json=as_json)
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other", hint="give one of them")
    if images and all_images:
        raise UsageError("IMAGE and --all exclude each other", hint="give one of them")
    if only_static and (fresh or update or once or upgrades):
        raise UsageError(
            "--static runs nothing: --fresh, --once, --update, --upgrade-check do not go with it",
            hint="leave --static out",
        )
    if update and upgrades:
        raise UsageError("--update and --upgrade-check exclude each other", hint="give one of them")
    whole = load(config, Path.cwd())
    missed = [line for path in guards for line in read_missed(path)]
    chosen = _chosen(whole, images)
    if only_static:
        found = drift.run(whole, chosen, missed, say=partial(click.echo, err=True))
    else:
        wish: dict[str, Any] = {"runtime": runtime, "once": once, "fresh": fresh, "update": update}
        wish = {**wish, "upgrades": upgrades, "nights": nights}
        found = _traced(whole, chosen, missed, wish)
    _emit(found, "json" if as_json else form or "text", update=update)
    return code_of(found)


def _install(config: "Config", place: str, *, force: bool, as_json: bool) -> int:
    """Write the files of a place; their paths are the data, how to go on is for people."""
    from pruner.jobs import places

    paths = [str(path) for path in places.install(config, place, force=force)]
    emit(
        msgspec.json.encode(paths) + b"\n" if as_json else "".join(f"{p}\n" for p in paths).encode()
    )
    click.echo(places.how_to_go_on(place), err=True)
    return Exit.OK


def _traced(
    config: "Config", images: "Sequence[Image]", missed: "Sequence[Missed]", wish: dict[str, Any]
) -> "Drifts":
    # What runs agents takes longer to import than the static part takes.
    from pruner.cli.common import opened, say_times
    from pruner.cli.recording import recording
    from pruner.clock import Clock
    from pruner.jobs import drift
    from pruner.jobs.drift_traces import Traces, Wish
    from pruner.jobs.lock import Job
    from pruner.report.watching import watching

    def order(image: "Image") -> Job:
        return Job(config=config, image=image, agents=image.agents, policy=image.policy)

    names = [image.name for image in images]
    with recording(config, names) as book, watching() as watcher:
        clock = Clock(watcher)
        sandbox = partial(opened, wish["runtime"], config.root, clock)
        traces = Traces(Wish(**wish), order, sandbox, clock, book.done)
        found = drift.run(config, images, missed, traces, clock.note, book.done)
    if clock.timings:
        say_times(clock)
    return found


def _emit(found: "Drifts", form: str, *, update: bool) -> None:
    """Print what was found; of an update, only messages are for whatever reads them."""
    printed = _printed(found, form)
    if not update or form != "text":
        emit(printed)
        return
    click.echo(printed.decode("utf-8", "replace"), err=True, nl=False)
    emit("\n".join(item.commit for item in found.images if item.commit).encode())


def _chosen(config: "Config", names: tuple[str, ...]) -> "list[Image]":
    return [config.image(name) for name in dict.fromkeys(names or config.images)]


def _printed(found: "Drifts", form: str) -> bytes:
    from pruner.drift.values import as_audits
    from pruner.jobs import drift
    from pruner.report.drifts import show_drifts
    from pruner.report.markdown import markdown
    from pruner.report.sarif import sarif

    if form == "json":
        return drift.encode(found)
    if form == "sarif":
        return sarif(as_audits(found), __version__)
    if form == "markdown":
        return markdown(as_audits(found)).encode("utf-8", "replace")
    return drawn(partial(show_drifts, found))
