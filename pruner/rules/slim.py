"""What slim images of Python have of a distribution's packages."""

import re

from pruner.rules.reading import Rule, rows


class Slim(Rule, frozen=True, kw_only=True):
    """A row of slim.toml: packages that images have whose names match."""

    match: str
    packages: tuple[str, ...]


def slim_packages(image: str) -> frozenset[str]:
    """Return the packages that an image surely has; none where no row speaks of it."""
    found = (row.packages for row in rows("slim", Slim) if re.search(row.match, image))
    return frozenset(name for packages in found for name in packages)
