"""`pruner verify`."""

import click

from pruner.cli.common import Options, carry_out, code_of, options
from pruner.cli.completing import images


@click.command("verify")
@click.argument("image", shell_complete=images)
@options
def command(image: str, options: Options) -> int:
    """Prove the committed lock again.

    Installs the lock alone, runs every agent with its exercises, and compares the outcomes with
    those that verdicts.json recorded. Exits 1 where they differ.

    \b
    Example:
      pruner verify speech_gpu --runtime docker
    """
    from pruner.jobs import verify

    return code_of(carry_out(image, options, verify.run))
