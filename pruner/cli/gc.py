"""`pruner gc`."""

import sys

import click
import msgspec


@click.command("gc")
@click.option("--cache", is_flag=True, help="Also the distributions kept for the next run.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
def command(*, cache: bool, as_json: bool) -> int:
    """Remove what a killed pruner has left.

    Folders of sandboxes that no living pruner holds, and the containers, networks and images that
    carry their labels. Distributions are downloaded once and kept, some gigabytes for each large
    stack; --cache removes them as well, and the next run downloads what it needs.

    \b
    Example:
      pruner gc
      pruner gc --cache
    """
    from pruner.analysis.sizes import size
    from pruner.jobs import gc

    removed = gc.run(cache=cache)
    if as_json:
        sys.stdout.write(msgspec.json.encode(removed).decode() + "\n")
        return 0
    if removed.skipped:
        click.echo(f"engine not looked at: {removed.skipped}", err=True)
    rows = {
        "folder": removed.folders,
        "container": removed.containers,
        "network": removed.networks,
        "image": removed.images,
    }
    for kind, names in rows.items():
        for name in names:
            click.echo(f"removed {kind} {name}")
    if cache:
        click.echo(f"removed {size(removed.cache_bytes)} of the cache")
    elif not any(rows.values()):
        click.echo("nothing was left")
    return 0
