"""`pruner lock`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pruner.cli.common import (
    Options,
    carry_out,
    code_of,
    drawn,
    emit,
    opened,
    options,
    order,
    say_times,
)
from pruner.cli.completing import images
from pruner.clock import Clock
from pruner.document import Document, Documents, Failure
from pruner.errors import Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pruner.cli.recording import Recording
    from pruner.jobs.align import Opened


@click.command("lock")
@click.option("--image", shell_complete=images, help="The image of pruner.toml to lock.")
@click.option("--all", "all_images", is_flag=True, help="Every image, one after the other.")
@click.option(
    "--align",
    is_flag=True,
    help="With --all: move pins that differ to the newest that an image has, where that is proven.",
)
@click.option("--once", is_flag=True, help="No second run: faster, and less is known.")
@options
def command(
    image: str | None, *, all_images: bool, align: bool, once: bool, options: Options
) -> int:
    """Write the smallest lock that is proven to run.

    Runs every agent of the image with a tracer, decides what can go, writes what stays with
    hashes, and proves it by running the agents again from the lock alone. Before that they are run
    a second time as they are, to see whether that brings anything new and how much of the
    code runs: the confidence tells.

    \b
    Example:
      pruner lock --image speech_gpu
      pruner lock --image speech_gpu --runtime local --json > verdicts.json
      pruner lock --all --align
    """
    from pruner.jobs import lock

    _check(image, options, all_images=all_images, align=align)
    if image is not None:
        return code_of(carry_out(image, options, partial(lock.run, once=once)))
    return _every(options, once=once, align=align)


def _check(image: str | None, options: Options, *, all_images: bool, align: bool) -> None:
    """Raise UsageError where the options do not go together."""
    if image is not None and all_images:
        raise UsageError("--image and --all exclude each other", hint="give one of them")
    if align and not all_images:
        raise UsageError(
            "--align needs --all: it compares images", hint="`pruner lock --all --align`"
        )
    if image is None and not all_images:
        raise UsageError(
            "which image is to be locked?", hint="give --image NAME, or --all for every image"
        )
    if options.agents and all_images:
        raise UsageError(
            "--agent and --all exclude each other", hint="`pruner lock --image NAME --agent NAME`"
        )


def _every(options: Options, *, once: bool, align: bool) -> int:
    from pruner.cli.recording import recording
    from pruner.config import load
    from pruner.jobs import every
    from pruner.report.images import show_images
    from pruner.report.watching import watching

    config = load(options.config, Path.cwd())
    orders = {name: partial(order, config, name, options) for name in config.images}
    ended: list[Document | Failure] = []
    with recording(config, list(config.images)) as book:
        try:
            with watching() as watcher:
                clock = Clock(watcher)

                def sandbox(runtime: str) -> "Opened":
                    return opened(runtime or options.runtime, config.root, clock)

                documents = every.run(
                    orders, sandbox, clock, once=once, aligned=align, ended=ended.append
                )
            ended = [*documents.images, *documents.errors]
        finally:
            _record(book, ended)
    emit(
        every.encode_all(documents)
        if options.as_json
        else drawn(partial(show_images, documents, everything=options.everything))
    )
    say_times(clock)
    return _worst(documents)


def _record(book: "Recording", ended: "Sequence[Document | Failure]") -> None:
    from pruner.jobs.remember import of_document

    for each in ended:
        if isinstance(each, Failure):
            book.done(each.image, each.code)
        else:
            book.done(each.image, code_of(each), of_document(each))


def _worst(documents: Documents) -> int:
    """Return the code of the worst error, else 1 where any document found something."""
    failed = [failure.code for failure in documents.errors]
    return max(failed) if failed else max(map(code_of, documents.images), default=Exit.OK)
