"""`pruner lock`."""

from functools import partial

import click

from pruner.cli.common import Options, carry_out, code_of, options
from pruner.jobs import lock


@click.command("lock")
@click.option("--image", required=True, help="The image of pruner.toml to lock.")
@click.option("--once", is_flag=True, help="No second run: faster, and less is known.")
@options
def command(image: str, *, once: bool, options: Options) -> int:
    """Write the smallest lock that is proven to run.

    Runs every agent of the image with a tracer, decides what can go, writes what stays with
    hashes, and proves it by running the agents again from the lock alone. Before that they are run
    a second time as they are, to see whether that brings anything new and how much of the
    code runs: the confidence tells.

    \b
    Example:
      pruner lock --image speech_gpu
      pruner lock --image speech_gpu --runtime local --json > verdicts.json
    """
    return code_of(carry_out(image, options, partial(lock.run, once=once)))
