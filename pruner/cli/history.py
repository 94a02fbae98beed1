"""`pruner history`."""

from functools import partial
from pathlib import Path

import click
import msgspec

from pruner.cli.completing import images
from pruner.cli.printing import drawn, emit
from pruner.errors import Exit


@click.command("history")
@click.argument("image", shell_complete=images)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many."
)
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
def command(image: str, *, limit: int, config: Path | None, as_json: bool) -> int:
    """Show the trend of an image: its runs, the newest first.

    Every lock, trace, verify, build, audit and rollback is recorded under .pruner/, also one that
    failed. Bytes are those of the minimal image where it was built, else of the distributions that
    are kept; the change is against the run before that measured the same.

    \b
    Example:
      pruner history speech_gpu
      pruner history speech_gpu --limit 100 --json
    """
    from pruner.config import load
    from pruner.document import SCHEMA
    from pruner.files import plain_json
    from pruner.history import History
    from pruner.report.history import show_history

    settings = load(config, Path.cwd())
    name = settings.image(image).name
    with History.opened(settings.root) as history:
        runs = history.runs(name)
    shown = runs[:limit]
    if as_json:
        value = {"schema": SCHEMA, "image": name, "runs": shown}
        emit(msgspec.json.format(plain_json(value), indent=2) + b"\n")
    else:
        emit(drawn(partial(show_history, name, shown, runs)))
    return Exit.OK
