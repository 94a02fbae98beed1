"""`pruner trace`."""

import functools

import click

from pruner.cli.common import Options, carry_out, code_of, options
from pruner.cli.completing import images


@click.command("trace")
@click.argument("image", shell_complete=images)
@click.option(
    "--append", is_flag=True, help="Add to what earlier runs saw; `pruner lock` then counts it all."
)
@options
def command(image: str, options: Options, *, append: bool) -> int:
    """Run an image's agents and show what they load.

    Prints the distributions of which a file was loaded, and keeps the traces under .pruner/. Each
    call begins the record of its agents anew, unless --append adds to it.

    \b
    Example:
      pruner trace speech_gpu
      pruner trace speech_gpu --agent streaming_tts_agent --json
      pruner trace speech_gpu --append
    """
    from pruner.jobs import trace

    return code_of(carry_out(image, options, functools.partial(trace.run, append=append)))
