"""`pruner image`."""

from pathlib import Path

import click
import msgspec

from pruner.cli.common import emit as print_bytes
from pruner.config import load
from pruner.errors import Exit, UsageError
from pruner.files import plain_json
from pruner.jobs.image import Emitted, emit
from pruner.jobs.sharing import Sharing
from pruner.model import SCHEMA


@click.command("image")
@click.argument("name", required=False)
@click.option("--all", "all_images", is_flag=True, help="Every image that has a lock.")
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(name: str | None, *, all_images: bool, config: Path | None, as_json: bool) -> int:
    """Write the Dockerfile of a committed lock, and what its build context needs.

    Reads locks/NAME/ and the original Dockerfile; runs nothing. What several images have in common
    becomes a layer that they share, below locks/_base/.

    \b
    Example:
      pruner image speech_gpu
      pruner image --all
      docker build -f locks/speech_gpu/Dockerfile -t speech_gpu .
    """
    if (name is None) is not all_images:
        raise UsageError(
            "which image is to be written?"
            if name is None
            else "NAME and --all exclude each other",
            hint="give NAME, or --all for every image that has a lock",
        )
    read = load(config, Path.cwd())
    sharing = Sharing(read)
    names = list(read.images) if name is None else [name]
    done = [emit(read, read.image(each), sharing) for each in names]
    print_bytes(_document(done) if as_json else "".join(map(_lines, done)).encode())
    for row in done:
        for found in row.findings:
            click.echo(f"{found.severity}: {found.code} {found.where}: {found.what}", err=True)
            if found.fix:
                click.echo(f"  {found.fix}", err=True)
    warned = any(found.severity != "note" for row in done for found in row.findings)
    return Exit.FOUND if warned else Exit.OK


def _document(done: list[Emitted]) -> bytes:
    return msgspec.json.format(plain_json({"schema": SCHEMA, "images": done}), indent=2) + b"\n"


def _lines(row: Emitted) -> str:
    shared = f", on {row.shared}" if row.shared else ""
    return f"{row.image}{shared}\n" + "".join(f"  {path}\n" for path in row.files)
