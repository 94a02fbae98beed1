"""`pruner audit`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pruner import __version__
from pruner.cli.completing import images
from pruner.cli.printing import drawn, emit
from pruner.errors import UsageError

if TYPE_CHECKING:
    from pruner.audit.values import Audits
    from pruner.config import Config, Image

FORMATS = ("text", "json", "markdown", "sarif")


@click.command("audit")
@click.argument("image", required=False, shell_complete=images)
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
    from pruner.audit.values import Audits
    from pruner.cli.recording import recording
    from pruner.config import load
    from pruner.jobs import audit
    from pruner.jobs.remember import of_audit

    whole = load(config, Path.cwd())
    names = [image] if image is not None else list(whole.images)
    chosen = [whole.image(name) for name in names]
    with recording(whole, names) as book:
        found = _run(whole, chosen, built)
        for row in found.images:
            book.done(row.image, audit.code_of(Audits(found.schema, (row,))), of_audit(row))
    emit(_printed(found, "json" if as_json else form or "text"))
    return audit.code_of(found)


def _run(config: "Config", chosen: "list[Image]", built: str | None) -> "Audits":
    from pruner.clock import Clock
    from pruner.jobs import audit
    from pruner.report.watching import watching

    if built is None:
        return audit.run(config, chosen)
    with watching() as watcher:
        return audit.measured(config, chosen[0], built, Clock(watcher))


def _printed(found: "Audits", form: str) -> bytes:
    from pruner.jobs import audit
    from pruner.report.audit import show_audits
    from pruner.report.markdown import markdown
    from pruner.report.sarif import sarif

    if form == "json":
        return audit.encode(found)
    if form == "sarif":
        return sarif(found, __version__)
    if form == "markdown":
        return markdown(found).encode("utf-8", "replace")
    return drawn(partial(show_audits, found))
