"""`pruner rollback`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pruner.cli.common import Options, emit, opened, order, say_times
from pruner.cli.completing import accepted, images
from pruner.clock import Clock
from pruner.errors import Exit, UsageError
from pruner.urls import without_credentials

if TYPE_CHECKING:
    from pruner.jobs.accepted import Accepted
    from pruner.jobs.rollback import Kept, Moved, RolledBack, Side


@click.command("rollback")
@click.argument("image", shell_complete=images)
@click.option(
    "--to",
    metavar="ID",
    shell_complete=accepted,
    help="This accepted lock; the beginning of its id will do.",
)
@click.option("--list", "listed", is_flag=True, help="List what was accepted, and do no more.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would change, and do no more.")
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", "docker", "local"]),
    default="auto",
    show_default=True,
    help="Where agents run; auto takes docker where an engine answers.",
)
@click.option(
    "--build-arg", "build_args", multiple=True, metavar="KEY=VALUE",
    help="A build argument, before the image's own; may be repeated.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913  click's values, by name
    *,
    image: str,
    to: str | None,
    listed: bool,
    dry: bool,
    config: Path | None,
    runtime: str,
    build_args: tuple[str, ...],
    as_json: bool,
) -> int:
    """Go back to an earlier accepted lock, proven again.

    Every proven lock is kept under .pruner/. Takes the one before that in locks/, runs every agent
    from it as `pruner verify` does, and only then puts all of its files back. Where the proof
    fails nothing is changed, and the exit code is 1.

    \b
    Example:
      pruner rollback speech_gpu --list
      pruner rollback speech_gpu --dry-run
      pruner rollback speech_gpu
      pruner rollback speech_gpu --to 20261125T0315
    """
    from pruner.cli.recording import recording
    from pruner.config import load
    from pruner.jobs import rollback
    from pruner.jobs.remember import of_rollback
    from pruner.report.watching import watching

    if listed and (dry or to is not None):
        raise UsageError("--list goes with no --to and no --dry-run", hint="give one of them")
    settings = load(config, Path.cwd())
    if listed:
        return _list(rollback.kept(settings, settings.image(image)), as_json=as_json)
    chosen = Options(
        config=config,
        runtime=runtime,
        policy=None,
        agents=(),
        build_args=build_args,
        as_json=as_json,
        everything=False,
    )
    asked = order(settings, image, chosen)
    with recording(settings, [] if dry else [image]) as book:
        with watching() as watcher:
            clock = Clock(watcher)
            done = rollback.run(
                asked, to, lambda: opened(runtime, settings.root, clock), clock, dry=dry
            )
        code = Exit.OK if done.done or dry else Exit.FOUND
        book.done(image, code, of_rollback(done))
    _emit(done, _lines(done, dry=dry), as_json=as_json)
    if clock.timings:
        say_times(clock)
    return code


def _emit(value: "RolledBack | Kept", lines: Iterator[str], *, as_json: bool) -> None:
    from pruner.jobs import rollback

    if as_json:
        emit(rollback.encode(value))
        return
    text = "".join(f"{_plain(line)}\n" for line in lines)
    emit(without_credentials(text).encode())


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


# --- what there is ---------------------------------------------------------------------------


def _list(kept: "Kept", *, as_json: bool) -> int:
    for line in kept.shelf.damaged.values():
        click.echo(f"warning: {line}; passed over", err=True)
    if kept.there and kept.now is None:
        click.echo(
            "what lies in locks/ is not kept yet: it will be before it is replaced", err=True
        )
    _emit(kept, _table(kept), as_json=as_json)
    return Exit.OK


def _table(kept: "Kept") -> Iterator[str]:
    """Yield a line a set, the newest first, which is where people look."""
    if not kept.shelf.rows:
        yield "nothing was kept yet"
        return
    rows: list[tuple[str, ...]] = [("id", "when (UTC)", "by", "pins", "bytes", "proof")]
    rows += [_row(row) for row in reversed(kept.shelf.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    marks = ["  ", *("* " if row is kept.now else "  " for row in reversed(kept.shelf.rows))]
    for mark, row in zip(marks, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"{mark}{'  '.join(cells)}".rstrip()
    if kept.now is not None:
        yield "* lies in locks/"


def _row(row: "Accepted") -> tuple[str, ...]:
    proof = row.proof
    said = f"{_count(proof.rounds, 'round')}, {proof.runtime}" if proof.passed else "NOT PROVEN"
    return (row.id, f"{row.when:%Y-%m-%d %H:%M}", row.command, str(row.pins), _bytes(row), said)


def _bytes(side: "Accepted | Side") -> str:
    from pruner.analysis.sizes import size

    return "?" if side.size_bytes is None else size(side.size_bytes)


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


# --- what became of it -----------------------------------------------------------------------


def _lines(done: "RolledBack", *, dry: bool) -> Iterator[str]:
    before, after, changes = done.before, done.after, done.changes
    if not changes.written and not changes.removed:
        yield f"{done.image} is at {after.id} already: nothing changes"
        return
    yield f"{done.image}: {before.id or 'what lies in locks/'} -> {after.id}"
    width = max((len(row.name) for row in changes.pins), default=0)
    yield from (f"  {row.name:{width}}  {_moved(row)}" for row in changes.pins)
    if not changes.pins:
        yield "  every pin stays"
    yield f"pins   {before.pins} -> {after.pins}"
    yield f"bytes  {_bytes(before)} -> {_bytes(after)}"
    verb = "written" if done.done else "to write"
    yield from (f"{verb} {name}" for name in changes.written)
    verb = "removed" if done.done else "to remove"
    yield from (f"{verb} {name}" for name in changes.removed)
    if dry:
        yield "nothing was changed: --dry-run"
        return
    yield from _proof(done)
    if done.tag.state == "moved":
        yield f"{done.tag.name} is the image of {after.id}"
    elif done.tag.state == "stale":
        yield f"{done.tag.name} is still the image of another lock: none was built of {after.id}"


def _moved(row: "Moved") -> str:
    if not row.before:
        return f"comes, {row.after}"
    return f"{row.before} -> {row.after}" if row.after else f"goes, {row.before}"


def _proof(done: "RolledBack") -> Iterator[str]:
    document = done.document
    if document is None or document.proof is None:
        return
    if document.proof.passed:
        agents = ", ".join(agent.name for agent in document.agents)
        yield f"proven with {agents}, {document.runtime} sandbox"
        return
    yield f"NOT PROVEN, {document.runtime} sandbox: nothing was changed"
    yield from (f"  {line}" for line in document.proof.differences)
