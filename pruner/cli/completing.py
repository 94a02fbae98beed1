"""What a shell offers for an argument: images, agents and distributions of the configuration.

Whatever goes wrong here is raised, and `pruner.cli.main` then offers nothing.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, add_completion_class

if TYPE_CHECKING:
    from pruner.config import Config

_WORD = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
"""What stands in a command line as it is: bash does not quote what it is offered."""


@add_completion_class
class Bash(BashComplete):
    """As click's own, for `--option=value` as well, which bash splits into three words."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is completed, and that one."""
        args, incomplete = super().get_completion_args()
        before = ["", *args]
        kept = [
            word
            for word, last in zip(args, before, strict=False)
            if word != "=" or not last.startswith("--")
        ]
        return kept, incomplete


def images(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the images of the configuration that are not named yet."""
    named = ctx.params.get("images") or ()
    return _offered((name for name in _config(ctx).images if name not in named), incomplete)


def agents(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the agents of the image that was chosen, of all images where none was yet."""
    known = _config(ctx).images
    # After an option that lacks its value, which is completed here, click reads no argument.
    chosen = ctx.params.get("image") or next(iter(ctx.args), None)
    asked = [image for name, image in known.items() if chosen in {None, name}]
    named = ctx.params.get("agents") or ()
    names = {agent.name for image in asked for agent in image.agents}
    return _offered(sorted(names.difference(named)), incomplete)


def distributions(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the distributions on which an image's committed verdicts.json decides."""
    from pruner.jobs.committed import read_verdicts
    from pruner.model import normalise

    config = _config(ctx)
    folder = config.locks_of(config.images[ctx.params["image"]])
    document = read_verdicts(folder / "verdicts.json")
    return _offered((row.name for row in document.distributions), normalise(incomplete))


def accepted(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids of the accepted locks of an image, the newest first."""
    from pruner.jobs.accepted import read_shelf, store

    config = _config(ctx)
    # Where the option stands before the image, none is chosen yet.
    chosen = ctx.params.get("image") or next(iter(ctx.args), None)
    asked = [image for name, image in config.images.items() if chosen in {None, name}]
    rows = [row.id for image in asked for row in read_shelf(store(config, image)).rows]
    return _offered(reversed(rows), incomplete)


def _config(ctx: click.Context) -> "Config":
    from pruner.config import load

    return load(ctx.params.get("config"), Path.cwd())


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete) and _WORD.fullmatch(name)]
