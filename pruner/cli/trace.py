"""`pruner trace`."""

import click

from pruner.cli.common import Options, carry_out, code_of, options
from pruner.jobs import trace


@click.command("trace")
@click.argument("image")
@options
def command(image: str, options: Options) -> int:
    """Run an image's agents and show what they load.

    Prints the distributions of which a file was loaded, and keeps the traces under .pruner/.

    \b
    Example:
      pruner trace speech_gpu
      pruner trace speech_gpu --agent streaming_tts_agent --json
    """
    return code_of(carry_out(image, options, trace.run))
