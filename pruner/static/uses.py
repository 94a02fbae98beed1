"""What first-party code uses of modules that it imports: `cv2.imshow` for `cv.imshow`."""

import ast
from collections.abc import Iterable, Mapping

from pruner.model import ImportSite
from pruner.static.names import dotted


def uses(
    tree: ast.Module, aliases: Mapping[str, str], sites: Iterable[ImportSite]
) -> dict[str, int]:
    """Return the dotted names that are read off imported modules -> the first line.

    `aliases` are the local names of imported things. What `from a import b` takes is used as well.
    """
    found: dict[str, int] = {}
    for site in sites:
        if site.symbol not in {None, "*"}:
            found.setdefault(f"{site.module}.{site.symbol}", site.line)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, dot, rest = dotted(node).partition(".")
            if first in aliases:
                found.setdefault(aliases[first] + dot + rest, node.lineno)
    return dict(sorted(found.items()))
