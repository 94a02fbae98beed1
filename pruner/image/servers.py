"""What the name of a server's image says about it."""

import re

from pruner.rules import Rule, rows


class Server(Rule, frozen=True, kw_only=True):
    """A row of rules/services.toml."""

    match: str
    port: int
    local: tuple[str, ...] = ()


def servers() -> tuple[Server, ...]:
    """Return the rows of rules/services.toml; the first that matches decides."""
    return rows("services", Server)


def server_of(image: str) -> Server | None:
    """Return what is known of a server by the name of its image, such as "redis:7-alpine"."""
    name = image.lower().partition("@")[0].rpartition("/")[2].partition(":")[0]
    return next((row for row in servers() if re.search(row.match, name)), None)
