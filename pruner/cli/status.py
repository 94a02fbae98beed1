"""`pruner status`."""

from functools import partial
from pathlib import Path

import click
import msgspec

from pruner.cli.printing import drawn, emit
from pruner.errors import Exit


@click.command("status")
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(*, config: Path | None, as_json: bool) -> int:
    """Say where every image stands, and what to do next.

    One line an image: when it was audited, traced, locked, proven and built, its size against its
    budget, and the confidence. Reads what is there; nothing is run.

    \b
    Example:
      pruner status
      pruner status --json
    """
    from pruner.config import load
    from pruner.files import plain_json
    from pruner.history import History
    from pruner.jobs import status
    from pruner.report.history import show_status

    settings = load(config, Path.cwd())
    with History.opened(settings.root) as history:
        found = status.run(settings, history)
    if as_json:
        emit(msgspec.json.format(plain_json(found), indent=2) + b"\n")
    else:
        emit(drawn(partial(show_status, [msgspec.structs.asdict(row) for row in found.images])))
    return Exit.OK
