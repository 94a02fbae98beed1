"""`pruner report`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pruner.cli import completing
from pruner.cli.printing import emit
from pruner.errors import Exit, UsageError
from pruner.report.formats import FORMATS

if TYPE_CHECKING:
    from pruner.config import Config
    from pruner.report.html.values import Report

HTML = "html"
COMPARING = ("json", "markdown")
"""Formats that tell of the lock before."""


@click.command("report")
@click.argument("images", nargs=-1, metavar="[IMAGE]...", shell_complete=completing.images)
@click.option("--config", type=click.Path(path_type=Path), help="The pruner.toml to use.")
@click.option("--format", "form", type=click.Choice([HTML, *FORMATS]), help="html by default.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--previous",
    "before",
    metavar="REV|FOLDER",
    help="The locks before: a revision of git, or another checkout. For markdown and json.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; stdout without.")
def command(
    *,
    images: tuple[str, ...],
    config: Path | None,
    form: str | None,
    as_json: bool,
    before: str | None,
    out: Path | None,
) -> int:
    """Write what is known of the images: as one page, or in a format for another tool.

    The page is one file that loads nothing: sizes before and after, what takes the bytes and why,
    conflicts, audit findings, native libraries, the trend. The other formats leave out images
    without a lock. Reads what was committed and measured; runs and builds nothing. Exit code 0 also
    where it tells of findings.

    \b
    Example:
      pruner report --out report.html
      pruner report speech_gpu vision_gpu --out report.html
      pruner report --json > report.json
      pruner report speech_gpu --format cyclonedx --out speech_gpu.cdx.json
      pruner report --format markdown --previous origin/main > comment.md
    """
    from pruner.analysis.sizes import size
    from pruner.config import load
    from pruner.files import write
    from pruner.jobs.report import gather

    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other", hint="give one of them")
    form = "json" if as_json else form or HTML
    if before is not None and form not in COMPARING:
        hint = "--format markdown is a comment for a pull request"
        raise UsageError(f"--previous is nothing to --format {form}", hint=hint)
    if out is not None:
        _check(out)
    whole = load(config, Path.cwd())
    names = dict.fromkeys(images) if images else whole.images
    report = gather(whole, [whole.image(name) for name in names])
    text = _encoded(whole, report, form, before)
    if out is None:
        emit(text)
    else:
        write(out.resolve(), text)  # a link stays one
        click.echo(f"{out}: {size(len(text))}, {_counted(report)}", err=True)
    return Exit.OK


def _check(out: Path) -> None:
    """Refuse what is there and is no file: it would be replaced, a device too."""
    if out.is_dir():
        raise UsageError(f"--out {out}: is a folder", hint=f"--out {out / 'report.html'}")
    if out.exists() and not out.is_file():
        raise UsageError(f"--out {out}: is not a regular file", hint="without --out: stdout")


def _encoded(config: "Config", report: "Report", form: str, before: str | None) -> bytes:
    from pruner.jobs.previous import previous
    from pruner.jobs.report import subjects
    from pruner.report.formats import render
    from pruner.report.html import page

    if form == HTML:
        return page(report).encode()
    for item in report.images:
        if item.document is None:
            click.echo(f"{item.image}: left out, {item.missing}", err=True)
    earlier = () if before is None else (previous(config, before),)
    return render(form, subjects(config, report, *earlier))


def _counted(report: "Report") -> str:
    locked = sum(item.document is not None for item in report.images)
    return f"{locked} of {len(report.images)} images have a lock"
