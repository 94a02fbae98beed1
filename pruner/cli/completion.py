"""`pruner completion`."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from pruner.cli.printing import emit
from pruner.errors import Exit

SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "fish": FishComplete,
    "zsh": ZshComplete,
}


@click.command("completion")
@click.argument("shell", type=click.Choice([*SHELLS]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that completes a command line of pruner in a shell.

    It completes commands, options and their choices, images and agents of pruner.toml, and the
    distributions of `pruner explain`. For zsh it goes below the line with `compinit`. A new shell
    has it.

    \b
    Example:
      pruner completion bash >> ~/.bashrc
      pruner completion zsh >> ~/.zshrc
      pruner completion fish > ~/.config/fish/completions/pruner.fish
    """
    script = SHELLS[shell](ctx.find_root().command, {}, "pruner", "_PRUNER_COMPLETE")
    # Not `source()`: it starts a bash to ask for its version.
    emit((script.source_template % script.source_vars()).encode())
    return Exit.OK
