"""`pruner audit`."""

from functools import partial
from pathlib import Path

import click

from pruner import __version__
from pruner.audit.values import Audits
from pruner.cli.common import drawn, emit
from pruner.cli.recording import recording
from pruner.clock import Clock
from pruner.config import Config, Image, load
from pruner.errors import UsageError
from pruner.jobs import audit
from pruner.jobs.remember import of_audit
from pruner.report.audit import show_audits
from pruner.report.markdown import markdown
from pruner.report.sarif import sarif
from pruner.report.watching import watching

FORMATS = ("text", "json", "markdown", "sarif")


@click.command("audit")
@click.argument("image", required=False)
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="How to print it; text by default."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--built", metavar="TAG", help="The image as it was built: bytes are measured in its layers."
)
def command(
    image: str | None, *, config: Path | None, form: str | None, as_json: bool, built: str | None
) -> int:
    """Say what makes an image large, and what is wrong with its files.

    Reads the Dockerfile, the requirement files, the build context and the committed lock of IMAGE,
    or of every image; runs and builds nothing. Bytes are said where they were measured.

    \b
    Example:
      pruner audit
      pruner audit speech_gpu --built speech_gpu:latest
      pruner audit --format sarif > audit.sarif
    """
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other", hint="give one of them")
    if built is not None and image is None:
        raise UsageError("--built needs IMAGE: it is one image's", hint="`pruner audit IMAGE`")
    whole = load(config, Path.cwd())
    names = [image] if image is not None else list(whole.images)
    images = [whole.image(name) for name in names]
    with recording(whole, names) as book:
        found = _run(whole, images, built)
        for row in found.images:
            book.done(row.image, audit.code_of(Audits(found.schema, (row,))), of_audit(row))
    emit(_printed(found, "json" if as_json else form or "text"))
    return audit.code_of(found)


def _run(config: Config, images: list[Image], built: str | None) -> Audits:
    if built is None:
        return audit.run(config, images)
    with watching() as watcher:
        return audit.measured(config, images[0], built, Clock(watcher))


def _printed(found: Audits, form: str) -> bytes:
    if form == "json":
        return audit.encode(found)
    if form == "sarif":
        return sarif(found, __version__)
    if form == "markdown":
        return markdown(found).encode("utf-8", "replace")
    return drawn(partial(show_audits, found))
