"""The entry point: finds the command, and is the one place that catches what goes wrong."""

import importlib
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType

import click
from click.shell_completion import CompletionItem

from pruner import __version__
from pruner.errors import BUG, INTERRUPTED, Exit, PrunerError, outside
from pruner.urls import without_credentials

COMMANDS = {
    "build": "Build an image as it was and as it is to be, and measure both.",
    "audit": "Say what makes an image large, from its files.",
    "completion": "Print the script that completes command lines in a shell.",
    "drift": "Say what has changed since the locks were made.",
    "explain": "Say why a distribution is kept or left out.",
    "gc": "Remove what a killed pruner has left.",
    "history": "Show the trend of an image: its runs, the newest first.",
    "image": "Write the Dockerfile of a lock.",
    "init": "Write a first pruner.toml from a tree with Dockerfiles.",
    "lock": "Write the smallest lock that is proven to run.",
    "report": "Write what is known of the images as one page.",
    "rollback": "Go back to an earlier accepted lock, proven again.",
    "status": "Say where every image stands, and what to do next.",
    "trace": "Run an image's agents and show what they load.",
    "verify": "Prove the committed lock again.",
}
"""Known without importing them, so that `pruner --help` answers at once."""

TERMINATED = 143
NARROW = 60
"""Columns below which the names of options leave no room beside them."""
NARROWEST = 20


class Formatter(click.HelpFormatter):
    """Click's own, with room for what is said of an option on a narrow terminal as well."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names and what they are; a name that is too long has a line of its own."""
        narrow = min(col_max, self.width // 3)
        super().write_dl(rows, col_max if self.width >= NARROW else narrow, col_spacing)


class Context(click.Context):
    """A context whose help has that form."""

    def make_formatter(self) -> click.HelpFormatter:
        """Return it for the terminal as it is; click's own takes none for narrower than 50."""
        columns = shutil.get_terminal_size().columns
        width = max(columns - 2, NARROWEST) if columns < NARROW else self.terminal_width
        return Formatter(width=width, max_width=self.max_content_width)


class Commands(click.Group):
    """Commands that are imported when they are called."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"pruner.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            return None
        command.context_class = Context
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the commands without importing them."""
        found = [name for name in sorted(COMMANDS) if name.startswith(incomplete)]
        named = [CompletionItem(name, help=COMMANDS[name]) for name in found]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when one is not known."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise PrunerUsage(f"there is no command {args[0]!r}", ctx=ctx)
        return super().resolve_command(ctx, args)


class PrunerUsage(click.UsageError):
    """A usage error whose hint is the list of commands."""


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="pruner %(version)s")
def cli() -> None:
    """Find out what can go from a Python image, and prove it.

    \b
    Example:
      pruner init                      write a first pruner.toml
      pruner trace speech_gpu          see what its agents load
      pruner lock --image speech_gpu   write the smallest proven lock
      pruner image speech_gpu          write its Dockerfile
      pruner completion bash           how to complete all this by Tab
    """


def main() -> None:
    """Run a command and exit with its code; a stack trace is never shown."""
    if os.environ.get("_PRUNER_COMPLETE"):
        sys.exit(_completed())
    signal.signal(signal.SIGTERM, _terminated)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGINT, _interrupted)
    sys.exit(_guarded())


def _completed() -> int:
    """Answer a shell that completes a line; it shows what goes to stderr amid the line."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    with suppress(Exception, KeyboardInterrupt):
        from pruner.cli import completing  # noqa: F401  it teaches click how bash splits words

        cli.main(prog_name="pruner")  # exits, where all went well
    return 1


def _guarded() -> int:
    try:
        code = cli.main(prog_name="pruner", standalone_mode=False)
    except PrunerError as error:
        return _say(error.message, error.hint, error.code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    except click.ClickException as error:
        return _say(_decapitalised(error.format_message()), _usage_hint(error), Exit.USAGE)
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted; the sandboxes are removed", None, INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except OSError as error:
        known = outside(error)
        return _say(known.message, known.hint, known.code)
    except Exception as error:  # noqa: BLE001  the last resort: a line, and where the rest is
        return _bug(error)
    return int(code or 0)


def _say(message: str, hint: str | None, code: int) -> int:
    click.echo(without_credentials(f"error: {message}"), err=True)
    if hint:
        click.echo(without_credentials(f"hint: {hint}"), err=True)
    return code


def _decapitalised(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"`{context.command_path if context else 'pruner'} --help` shows how it is called"


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="pruner-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(without_credentials(traceback.format_exc()))
    message = f"this is a bug in pruner: {type(error).__name__}: {error}"
    return _say(message.splitlines()[0], f"please report it with {file.name}", BUG)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """End as on Ctrl-C, by way of every `finally`, so that no sandbox is left."""
    _ignore_the_next()
    sys.exit(TERMINATED)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """End on the first Ctrl-C; an impatient second one would cut the removal short."""
    _ignore_the_next()
    raise KeyboardInterrupt


def _ignore_the_next() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
