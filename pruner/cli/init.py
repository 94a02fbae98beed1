"""`pruner init`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pruner.errors import UsageError
from pruner.urls import without_credentials

if TYPE_CHECKING:
    from pruner.config import Config


@click.command("init")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="pruner.toml",
    show_default=True,
    help="The file to write, in PATH.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def command(path: Path, output: Path, *, force: bool) -> int:
    """Write a first pruner.toml from a tree with Dockerfiles.

    Reads Dockerfiles and requirement files below PATH; runs nothing. What it guessed is marked
    in the file and listed on stderr.

    \b
    Example:
      pruner init
      pruner init services/speech --force
    """
    from pruner import files
    from pruner.config import parse
    from pruner.jobs.draft import draft
    from pruner.jobs.survey import survey

    target = _target(path, output, force=force)
    found = survey(path)
    for warning in found.warnings:
        click.echo(without_credentials(f"warning: {warning}"), err=True)
    text = draft(found)
    config = parse(text, target)
    files.write(target, text)
    _tell(config)
    click.echo(str(target))
    return 0


def _target(path: Path, output: Path, *, force: bool) -> Path:
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise UsageError(f"{path}: {what}", hint="name the folder that images are built from")
    target = path / output
    if target.parent.resolve() != path.resolve():
        hint = "paths in it are relative to its own folder"
        raise UsageError(f"{target}: must lie directly in {path}", hint=hint)
    if target.is_dir():
        what = f"{target}: is a folder, a file was expected"
        raise UsageError(what, hint="give --output the name of a file")
    if target.name == "pyproject.toml":
        raise UsageError(f"{target}: is not written here", hint="write pruner.toml instead")
    if target.exists() and not force:
        raise UsageError(f"{target}: exists already", hint="--force overwrites it")
    return target


def _tell(config: "Config") -> None:
    for image in config.images.values():
        for agent in image.agents:
            what = agent.module or " ".join(agent.argv)
            click.echo(f"guess: image {image.name}, agent {agent.name}: {what}", err=True)
    click.echo(f"guess: source {', '.join(config.source)}", err=True)
