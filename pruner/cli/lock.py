"""`pruner lock`."""

import click

from pruner.cli.common import Options, carry_out, code_of, options
from pruner.jobs import lock


@click.command("lock")
@click.option("--image", required=True, help="The image of pruner.toml to lock.")
@options
def command(image: str, options: Options) -> int:
    """Write the smallest lock that is proven to run.

    Runs every agent of the image with a tracer, decides what can go, writes what stays with
    hashes, and proves it by running the agents again from the lock alone.

    \b
    Example:
      pruner lock --image speech_gpu
      pruner lock --image speech_gpu --runtime local --json > verdicts.json
    """
    return code_of(carry_out(image, options, lock.run))
