"""`pruner image`."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
import msgspec

from pruner.cli.completing import images
from pruner.cli.printing import emit as print_bytes
from pruner.errors import Exit, PrunerError, UsageError

if TYPE_CHECKING:
    from pruner.config import Config
    from pruner.document import Failure
    from pruner.jobs.image import Emitted


class _Done(NamedTuple):
    images: "list[Emitted]"
    errors: "list[Failure]"


@click.command("image")
@click.argument("name", required=False, shell_complete=images)
@click.option("--all", "all_images", is_flag=True, help="Every image of the configuration.")
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
            hint="give NAME, or --all for every image",
        )
    from pruner.config import load
    from pruner.jobs.image import emit
    from pruner.jobs.sharing import Sharing

    read = load(config, Path.cwd())
    if name is None:
        done = _every(read)
    else:
        image = read.image(name)
        done = _Done([emit(read, image, Sharing(read), _say)], [])
    print_bytes(_document(done) if as_json else "".join(map(_lines, done.images)).encode())
    for row in done.images:
        for found in row.findings:
            click.echo(f"{found.severity}: {found.code} {found.where}: {found.what}", err=True)
            if found.fix:
                click.echo(f"  {found.fix}", err=True)
    if done.errors:
        return max(failure.code for failure in done.errors)
    warned = any(found.severity != "note" for row in done.images for found in row.findings)
    return Exit.FOUND if warned else Exit.OK


def _say(line: str) -> None:
    click.echo(line, err=True)


def _every(config: "Config") -> _Done:
    """Write all images; one that cannot be written ends alone, and is told at once."""
    from pruner.document import Failure
    from pruner.jobs.image import emit
    from pruner.jobs.sharing import Sharing

    sharing = Sharing(config)
    done = _Done([], [])
    for name in config.images:
        try:
            done.images.append(emit(config, config.image(name), sharing, _say))
        except PrunerError as error:
            click.echo(f"error: {name}: {error.message}", err=True)
            if error.hint:
                click.echo(f"hint: {error.hint}", err=True)
            done.errors.append(
                Failure(image=name, code=error.code, error=error.message, hint=error.hint)
            )
    sharing.tidy()
    return done


def _document(done: _Done) -> bytes:
    from pruner.document import SCHEMA
    from pruner.files import plain_json

    value = {"schema": SCHEMA, "images": done.images, "errors": done.errors}
    return msgspec.json.format(plain_json(value), indent=2) + b"\n"


def _lines(row: "Emitted") -> str:
    from pruner.analysis.sizes import size

    shared = f", on {row.shared}: saves {size(row.saved_bytes)}" if row.shared else ""
    return f"{row.image}{shared}\n" + "".join(f"  {path}\n" for path in row.files)
